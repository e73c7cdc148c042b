//! The `pairwise/1` reader.
//!
//! Everything that is wrong with a file's meaning is reported at once; text that is not JSON, or a field of the wrong
//! type, ends the reading at its line and column.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::problem::{Code, Form, HARD, Problem, ProblemBuilder, ProblemError, TableId};

/// Most values of all nodes together. Nodes share domains, so a short file can ask for far more than it holds; a block of
/// 2 000 radios needs a hundredth of it.
const MAX_VALUES: usize = 1 << 24;
/// Pairs of values that one edge may couple: the search works on tables.
const MAX_PAIRS: usize = 1 << 24;

/// A problem with what its file says about itself.
pub struct Instance {
    /// The problem.
    pub problem: Problem,
    /// The file's name for itself.
    pub name: Option<String>,
    /// The file's reference cost.
    pub best: Option<Best>,
    /// The nodes' ids, in order; empty where the file has none.
    pub ids: Vec<String>,
}

/// A reference cost.
#[derive(Clone, Debug, Deserialize)]
pub struct Best {
    /// The cost.
    pub cost: i64,
    /// `optimal` or `best-known`.
    #[serde(default)]
    pub status: String,
}

#[derive(Deserialize)]
struct File {
    format: String,
    name: Option<String>,
    hard: Option<i64>,
    #[serde(default)]
    domains: Vec<Vec<Label>>,
    nodes: Vec<NodeEntry>,
    #[serde(default)]
    tables: Vec<Vec<Cost>>,
    #[serde(default)]
    edges: Vec<EdgeEntry>,
    best: Option<Best>,
}

#[derive(Deserialize)]
struct NodeEntry {
    #[serde(default)]
    id: Option<Label>,
    domain: Option<Vec<Label>>,
    d: Option<usize>,
    unary: Option<Vec<Cost>>,
}

#[derive(Deserialize)]
struct EdgeEntry {
    u: usize,
    v: usize,
    table: Option<Vec<Cost>>,
    t: Option<usize>,
    #[serde(rename = "fn")]
    function: Option<String>,
    k: Option<i64>,
    c: Option<Cost>,
}

/// A value: a number, which `fn` edges compare, or a word.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Label {
    Number(i64),
    Word(String),
}

/// A cost, clipped above to [`HARD`] and below to one under -[`HARD`], which the builder refuses.
#[derive(Clone, Copy)]
struct Cost(i32);

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Costs;
        impl Visitor<'_> for Costs {
            type Value = Cost;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an integer cost")
            }
            fn visit_u64<E: Error>(self, cost: u64) -> Result<Cost, E> {
                Ok(Cost(cost.min(HARD as u64) as i32))
            }
            fn visit_i64<E: Error>(self, cost: i64) -> Result<Cost, E> {
                Ok(Cost(cost.clamp(-HARD - 1, HARD) as i32))
            }
            fn visit_f64<E: Error>(self, cost: f64) -> Result<Cost, E> {
                if cost.fract() != 0.0 || !cost.is_finite() {
                    return Err(E::custom("costs are integers"));
                }
                // `as` saturates, so a huge whole number ends at the clip.
                self.visit_i64(cost as i64)
            }
        }
        deserializer.deserialize_any(Costs)
    }
}

/// Reads a `pairwise/1` document.
///
/// - Errors: one [`ProblemError`] for text that is not such a document, else every fault of the problem in file order
/// - Cost: linear in the text and the values of all nodes, at most 2^24; an edge couples at most 2^24 pairs of values; no allocation is sized by a number in it
pub fn read(text: &[u8]) -> Result<Instance, Vec<ProblemError>> {
    let file: File = serde_json::from_slice(text).map_err(|e| vec![syntax(&e)])?;
    let mut builder = ProblemBuilder::new();
    if file.format != "pairwise/1" {
        builder.fault(Code::Format, "format".into(), format!("{:?} is not \"pairwise/1\"", file.format));
    }
    if file.hard.is_some_and(|h| h != HARD) {
        builder.fault(Code::Hard, "hard".into(), format!("{} is not {HARD}", file.hard.unwrap_or(0)));
    }
    let mut words = Words::default();
    let pool: Vec<Arc<[i64]>> = file.domains.iter().map(|d| words.numbers(d)).collect();
    let (mut ids, mut values) = (Vec::new(), 0);
    let mut wordy = Vec::with_capacity(file.nodes.len());
    for (index, node) in file.nodes.into_iter().enumerate() {
        let numbers = node_domain(&mut builder, &mut words, &pool, &node, index);
        values += numbers.len();
        if values > MAX_VALUES {
            let detail = format!("more than {MAX_VALUES} values in all");
            return Err(vec![ProblemError { code: Code::Size, place: format!("nodes[{index}]"), detail }]);
        }
        wordy.push(numbers.iter().any(|&n| n < Words::LIMIT));
        let unary = match node.unary {
            Some(unary) => unary.into_iter().map(|c| i64::from(c.0)).collect(),
            None => vec![0; numbers.len()],
        };
        builder.node_with_numbers(numbers, unary);
        ids.extend(node.id.map(|id| match id {
            Label::Number(n) => n.to_string(),
            Label::Word(w) => w,
        }));
    }
    if ids.len() != wordy.len() {
        ids.clear();
    }
    add_edges(&mut builder, file.tables, file.edges, &wordy);
    let problem = builder.build()?;
    Ok(Instance { problem, name: file.name, best: file.best, ids })
}

fn syntax(error: &serde_json::Error) -> ProblemError {
    let place = format!("line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let detail = text.split(" at line ").next().unwrap_or_default().to_owned();
    ProblemError { code: Code::Syntax, place, detail }
}

fn node_domain(
    builder: &mut ProblemBuilder,
    words: &mut Words,
    pool: &[Arc<[i64]>],
    node: &NodeEntry,
    index: usize,
) -> Arc<[i64]> {
    let place = || format!("nodes[{index}]");
    // After a fault, one value stands for the domain so that the rest can be looked at.
    let stand_in = || Arc::from([0; 1].as_slice());
    match (&node.domain, node.d) {
        (Some(list), None) => words.numbers(list),
        (None, Some(d)) if d < pool.len() => pool[d].clone(),
        (None, Some(d)) => {
            builder.fault(Code::DomainIndex, place(), format!("domain {d} of {}", pool.len()));
            stand_in()
        }
        _ => {
            builder.fault(Code::NodeDomain, place(), "wants one of `domain` and `d`".into());
            stand_in()
        }
    }
}

fn add_edges(builder: &mut ProblemBuilder, tables: Vec<Vec<Cost>>, edges: Vec<EdgeEntry>, wordy: &[bool]) {
    // A pool table has no shape of its own: it takes that of its first edge, and an edge of another shape gets a copy.
    let mut pool: Vec<Vec<i32>> = tables.into_iter().map(narrow).collect();
    let mut shaped: Vec<Vec<(usize, usize, TableId)>> = vec![Vec::new(); pool.len()];
    for (index, edge) in edges.into_iter().enumerate() {
        let shape = (builder.domain(edge.u), builder.domain(edge.v));
        if shape.0.saturating_mul(shape.1) > MAX_PAIRS {
            builder.fault(
                Code::Size,
                format!("edges[{index}]"),
                format!("couples more than {MAX_PAIRS} pairs of values"),
            );
            continue;
        }
        let number_forms = edge.function.as_deref().is_some_and(|f| f == "gap" || f == "ne");
        if number_forms && [edge.u, edge.v].iter().any(|&n| wordy.get(n) == Some(&true)) {
            builder.fault(Code::EdgeNumbers, format!("edges[{index}]"), "compares words as numbers".into());
        }
        let form = match (edge.table, edge.t, edge.function.as_deref()) {
            (Some(table), None, None) => Ok(Form::Table(builder.narrow_table(shape.0, shape.1, narrow(table)))),
            (None, Some(t), None) if t < pool.len() => {
                Ok(Form::Table(share(builder, &mut pool, &mut shaped, t, shape)))
            }
            (None, Some(t), None) => Err((Code::EdgeTable, format!("table {t} of {}", pool.len()))),
            (None, None, Some(function)) => number_form(function, edge.k, edge.c),
            _ => Err((Code::EdgeForm, "wants one of `table`, `t` and `fn`".into())),
        };
        match form {
            Ok(form) => builder.edge(edge.u, edge.v, form),
            Err((code, detail)) => builder.fault(code, format!("edges[{index}]"), detail),
        }
    }
}

fn narrow(costs: Vec<Cost>) -> Vec<i32> {
    costs.into_iter().map(|c| c.0).collect()
}

fn share(
    builder: &mut ProblemBuilder,
    pool: &mut [Vec<i32>],
    shaped: &mut [Vec<(usize, usize, TableId)>],
    t: usize,
    (rows, cols): (usize, usize),
) -> TableId {
    if let Some(&(.., id)) = shaped[t].iter().find(|s| (s.0, s.1) == (rows, cols)) {
        return id;
    }
    let costs = match shaped[t].first() {
        Some(&(.., id)) => builder.costs(id).to_vec(),
        None => std::mem::take(&mut pool[t]),
    };
    let id = builder.narrow_table(rows, cols, costs);
    shaped[t].push((rows, cols, id));
    id
}

fn number_form(function: &str, k: Option<i64>, c: Option<Cost>) -> Result<Form, (Code, String)> {
    let missing = |what: &str| (Code::EdgeForm, format!("`{function}` wants `{what}`"));
    let c = i64::from(c.ok_or_else(|| missing("c"))?.0);
    let k = k.ok_or_else(|| missing("k"));
    match function {
        "gap" => Ok(Form::Gap { k: k?, c }),
        "ne" => Ok(Form::NotAt { k: k?, c }),
        "same" => Ok(Form::Same { c }),
        other => Err((Code::EdgeForm, format!("function {other:?} is none of gap, ne, same"))),
    }
}

/// Gives each word a number far under any that a file holds.
#[derive(Default)]
struct Words {
    known: std::collections::HashMap<String, i64>,
}

impl Words {
    /// Numbers under this one stand for words.
    const LIMIT: i64 = i64::MIN / 2;

    fn numbers(&mut self, labels: &[Label]) -> Arc<[i64]> {
        let number = |label: &Label| match label {
            Label::Number(n) => (*n).max(Self::LIMIT),
            Label::Word(w) => self.number(w),
        };
        labels.iter().map(number).collect()
    }

    fn number(&mut self, word: &str) -> i64 {
        let next = i64::MIN + self.known.len() as i64;
        *self.known.entry(word.to_owned()).or_insert(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"format":"pairwise/1","name":"small","hard":1000000000,
        "domains":[[10,14,20],["a","b"]],
        "nodes":[{"id":"x","d":0,"unary":[1,2,3]},{"id":"y","domain":[10,20]},{"id":"z","d":1}],
        "tables":[[0,5,7,0,1,1]],
        "edges":[{"u":0,"v":1,"t":0},{"u":1,"v":0,"t":0},{"u":0,"v":1,"fn":"gap","k":4,"c":100},
                 {"u":1,"v":2,"table":[0,1,2,3000000000]}],
        "best":{"cost":1,"status":"optimal","source":"by hand"}}"#;

    #[test]
    fn a_small_file_costs_what_it_says() {
        let file = read(SMALL.as_bytes()).unwrap();
        assert_eq!(file.problem.nodes(), 3);
        // unary 2, table [1][1] = 0, transposed table row 1 of 3 columns = 1, gap of 6 costs nothing, forbidden corner.
        assert_eq!(file.problem.cost(&[1, 1, 1]), 2 + 1 + HARD);
        assert_eq!(file.problem.cost(&[0, 0, 0]), 1 + 100);
        assert_eq!(file.ids, ["x", "y", "z"]);
    }

    #[test]
    fn a_shared_domain_does_not_multiply_without_bound() {
        let domain: Vec<u32> = (0..100_000).collect();
        let text =
            format!(r#"{{"format":"pairwise/1","domains":[{domain:?}],"nodes":[{}]}}"#, [r#"{"d":0}"#; 168].join(","));
        let faults = read(text.as_bytes()).err().unwrap();
        assert_eq!((faults[0].code, faults[0].place.as_str()), (Code::Size, "nodes[167]"));
    }

    #[test]
    fn an_edge_between_huge_domains_is_refused() {
        let domain: Vec<u32> = (0..10_000).collect();
        let text = format!(
            r#"{{"format":"pairwise/1","domains":[{domain:?}],"nodes":[{{"d":0}},{{"d":0}}],"edges":[{{"u":0,"v":1,"fn":"same","c":1}}]}}"#
        );
        let faults = read(text.as_bytes()).err().unwrap();
        assert_eq!((faults[0].code, faults[0].place.as_str()), (Code::Size, "edges[0]"));
    }

    #[test]
    fn no_cut_panics_and_every_cut_is_refused() {
        for end in 0..SMALL.len() {
            assert!(read(&SMALL.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn no_changed_byte_panics() {
        let mut rng = crate::env::SplitMix64::new(5);
        for _ in 0..20_000 {
            let mut bytes = SMALL.as_bytes().to_vec();
            let at = rng.below(bytes.len());
            bytes[at] = b"0123456789-,:[]{}\"e.xyz"[rng.below(23)];
            if let Ok(file) = read(&bytes) {
                let zeros = vec![0; file.problem.nodes()];
                file.problem.cost(&zeros);
            }
        }
    }

    #[test]
    fn faults_are_reported_at_once_with_their_place() {
        let text = r#"{"format":"pairwise/2","hard":7,"nodes":[{"d":3},{"id":1},{"domain":[]},{"domain":["a","b"],"unary":[1]}],
            "edges":[{"u":0,"v":18446744073709551615,"fn":"same","c":1},{"u":0,"v":3,"fn":"gap","k":1,"c":1},
            {"u":0,"v":1},{"u":0,"v":1,"t":99},{"u":0,"v":1,"fn":"far","c":1},{"u":0,"v":1,"fn":"gap","c":1}]}"#;
        let errors = read(text.as_bytes()).err().unwrap();
        let told: Vec<String> = errors.iter().map(|e| format!("{}@{}", e.code.as_str(), e.place)).collect();
        for want in [
            "format@format",
            "hard@hard",
            "domain-index@nodes[0]",
            "node-domain@nodes[1]",
            "empty-domain@nodes[2]",
            "unary-length@nodes[3].unary",
            "edge-numbers@edges[1]",
            "edge-form@edges[2]",
            "edge-table@edges[3]",
            "edge-form@edges[4]",
            "edge-form@edges[5]",
        ] {
            assert!(told.iter().any(|t| t == want), "{want} is not among {told:?}");
        }
        assert!(told.iter().any(|t| t.starts_with("edge-node@")), "{told:?}");
    }

    #[test]
    fn costs_out_of_range_are_told_or_clipped() {
        let file = |c: &str| format!(r#"{{"format":"pairwise/1","nodes":[{{"domain":[1],"unary":[{c}]}}]}}"#);
        assert_eq!(read(file("99999999999999").as_bytes()).unwrap().problem.cost(&[0]), HARD);
        assert_eq!(read(file("-1000000001").as_bytes()).err().unwrap()[0].code, Code::CostRange);
        assert_eq!(read(file("1.5").as_bytes()).err().unwrap()[0].code, Code::Syntax);
    }
}
