//! The independent judge of an assignment: reads the file again in its own way and shares no cost code with the solver.
//!
//! It looks at the text only: what a file says a choice costs is what counts here, in 128 bits and without clipping.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What an assignment costs by the file's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Sum of all costs that are not forbidden.
    pub soft: i128,
    /// The places of forbidden costs, such as `edges[7]`.
    pub forbidden: Vec<String>,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JudgeError {
    /// The instance cannot be read; the text says where.
    Instance(String),
    /// The solution cannot be read.
    Solution(String),
    /// The solution has not one value per node.
    Length {
        /// Values in the solution.
        found: usize,
        /// Nodes in the instance.
        nodes: usize,
    },
    /// A value is not an index into the node's domain.
    Value {
        /// The node.
        node: usize,
        /// Its value.
        value: usize,
    },
}

impl fmt::Display for JudgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(what) => write!(f, "instance: {what}"),
            Self::Solution(what) => write!(f, "solution: {what}"),
            Self::Length { found, nodes } => write!(f, "solution: {found} values for {nodes} nodes"),
            Self::Value { node, value } => write!(f, "solution: node {node} has no value {value}"),
        }
    }
}

impl std::error::Error for JudgeError {}

#[derive(Deserialize)]
struct Text<'a> {
    hard: Option<i64>,
    #[serde(default)]
    domains: Vec<Vec<Value>>,
    nodes: Vec<Value>,
    #[serde(borrow, default)]
    tables: Vec<&'a RawValue>,
    #[serde(default)]
    edges: Vec<Value>,
}

/// The value indices of a solution document: `values`, or `assignment` as the solver prints it.
pub fn values_of(solution: &[u8]) -> Result<Vec<usize>, JudgeError> {
    let document: Value = serde_json::from_slice(solution).map_err(|e| JudgeError::Solution(e.to_string()))?;
    let list = document.get("values").or_else(|| document.get("assignment")).and_then(Value::as_array);
    let list = list.ok_or_else(|| JudgeError::Solution("has neither `values` nor `assignment`".into()))?;
    let index = |v: &Value| v.as_u64().and_then(|v| usize::try_from(v).ok());
    list.iter().map(|v| index(v).ok_or_else(|| JudgeError::Solution(format!("{v} is not a value index")))).collect()
}

/// Costs an assignment by the text of its `pairwise/1` instance.
pub fn judge(instance: &[u8], values: &[usize]) -> Result<Verdict, JudgeError> {
    let text: Text = serde_json::from_slice(instance).map_err(|e| JudgeError::Instance(e.to_string()))?;
    if values.len() != text.nodes.len() {
        return Err(JudgeError::Length { found: values.len(), nodes: text.nodes.len() });
    }
    let hard = i128::from(text.hard.unwrap_or(1_000_000_000));
    let mut verdict = Verdict { soft: 0, forbidden: Vec::new() };
    let mut pay = |cost: i128, place: String| match cost >= hard {
        true => verdict.forbidden.push(place),
        false => verdict.soft += cost,
    };
    let mut chosen = Vec::new();
    for (node, (entry, &value)) in text.nodes.iter().zip(values).enumerate() {
        let domain =
            domain(&text, entry).ok_or_else(|| JudgeError::Instance(format!("nodes[{node}] has no domain")))?;
        chosen.push((domain.get(value).ok_or(JudgeError::Value { node, value })?, domain.len()));
        if let Some(unary) = entry.get("unary").filter(|u| !u.is_null()) {
            let cost = unary.get(value).and_then(whole);
            pay(cost.ok_or_else(|| JudgeError::Instance(format!("nodes[{node}].unary")))?, format!("nodes[{node}]"));
        }
    }
    for (index, edge) in text.edges.iter().enumerate() {
        let cost = edge_cost(&text, edge, values, &chosen);
        pay(cost.ok_or_else(|| JudgeError::Instance(format!("edges[{index}]")))?, format!("edges[{index}]"));
    }
    Ok(verdict)
}

fn domain<'a>(text: &'a Text, node: &'a Value) -> Option<&'a Vec<Value>> {
    match node.get("domain").filter(|d| !d.is_null()) {
        Some(list) => list.as_array(),
        None => text.domains.get(usize::try_from(node.get("d")?.as_u64()?).ok()?),
    }
}

fn whole(value: &Value) -> Option<i128> {
    let float = || value.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i128);
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)).or_else(float)
}

fn edge_cost(text: &Text, edge: &Value, values: &[usize], chosen: &[(&Value, usize)]) -> Option<i128> {
    let end = |key: &str| edge.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let (u, v) = (end("u")?, end("v")?);
    let (of_u, of_v) = (chosen.get(u)?, chosen.get(v)?);
    let at = values[u].checked_mul(of_v.1)?.checked_add(values[v])?;
    if let Some(table) = edge.get("table").filter(|t| !t.is_null()) {
        return whole(table.get(at)?);
    }
    if let Some(t) = end("t") {
        // One entry is wanted: the numbers before it are skipped as text.
        let raw = text.tables.get(t)?.get();
        let entry = raw.trim_matches(['[', ']', ' ', '\n', '\r', '\t']).split(',').nth(at)?;
        return whole(&serde_json::from_str(entry.trim()).ok()?);
    }
    let cost = whole(edge.get("c")?)?;
    let apart = || Some((of_u.0.as_i64()? as i128 - of_v.0.as_i64()? as i128).abs());
    let pays = match edge.get("fn")?.as_str()? {
        "same" => of_u.0 == of_v.0,
        "gap" => apart()? <= whole(edge.get("k")?)?,
        "ne" => apart()? != whole(edge.get("k")?)?,
        _ => return None,
    };
    Some(if pays { cost } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"format":"pairwise/1","hard":1000000000,"domains":[[10,14],["a","b"]],
        "nodes":[{"d":0,"unary":[1,2]},{"domain":[10,20]},{"d":1}],"tables":[[0, 5 ,7,1000000000]],
        "edges":[{"u":0,"v":1,"t":0},{"u":0,"v":1,"fn":"ne","k":10,"c":100},{"u":1,"v":2,"table":[0,1,2,3]}]}"#;

    #[test]
    fn a_verdict_names_what_is_forbidden() {
        let verdict = judge(TEXT.as_bytes(), &[1, 1, 0]).unwrap();
        assert_eq!(verdict, Verdict { soft: 2 + 100 + 2, forbidden: vec!["edges[0]".into()] });
        assert_eq!(judge(TEXT.as_bytes(), &[0, 1, 1]).unwrap(), Verdict { soft: 1 + 5 + 3, forbidden: vec![] });
    }

    #[test]
    fn wrong_solutions_are_refused() {
        assert_eq!(judge(TEXT.as_bytes(), &[0]), Err(JudgeError::Length { found: 1, nodes: 3 }));
        assert_eq!(judge(TEXT.as_bytes(), &[0, 2, 0]), Err(JudgeError::Value { node: 1, value: 2 }));
        assert!(values_of(br#"{"values":[0,-1]}"#).is_err());
        assert_eq!(values_of(br#"{"assignment":[0,1]}"#), Ok(vec![0, 1]));
        assert!(values_of(b"[]").is_err());
    }

    #[test]
    fn judge_and_solver_agree_on_random_assignments() {
        let problem = super::super::read(TEXT.as_bytes()).unwrap().problem;
        for values in [[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]] {
            let verdict = judge(TEXT.as_bytes(), &values).unwrap();
            let total = verdict.soft + verdict.forbidden.len() as i128 * 1_000_000_000;
            assert_eq!(total, i128::from(problem.cost(&values)));
        }
    }
}
