//! The question: nodes with unary costs, and edges whose pair costs come in several forms.

use std::fmt;
use std::sync::Arc;

/// A cost from here on is forbidden. Larger costs are clipped to it when they enter a [`Problem`].
pub const HARD: i64 = 1_000_000_000;

/// Names a shared table of a [`ProblemBuilder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableId(pub(super) u32);

/// Names a shared vector of a [`ProblemBuilder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VectorId(pub(super) u32);

/// What an edge (u, v) costs when u has value `a` and v has value `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The entry at row `a`, column `b` of a shared table of |Du| rows and |Dv| columns.
    Table(TableId),
    /// `c` if the values' numbers differ by at most `k`.
    Gap {
        /// Largest difference that costs.
        k: i64,
        /// The cost.
        c: i64,
    },
    /// `c` unless the values' numbers differ by exactly `k`.
    NotAt {
        /// The difference that is free.
        k: i64,
        /// The cost.
        c: i64,
    },
    /// `c` if the values' numbers are equal.
    Same {
        /// The cost.
        c: i64,
    },
    /// Two shared tables scaled by the edge and by the values.
    Factored(Factored),
}

/// `(ahead[a,b] · p · x[b] + back[a,b] · q · y[a]) >> shift`, rounded down.
///
/// For a block of homes `ahead` and `back` are the band's overlap matrix and its transpose, `x` and `y` the airtime that
/// v and u need at each value, `p` and `q` the weight and coupling of the edge: no edge stores a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factored {
    /// Table of |Du| rows and |Dv| columns.
    pub ahead: TableId,
    /// Another one of that shape.
    pub back: TableId,
    /// Vector of |Dv|.
    pub x: VectorId,
    /// Vector of |Du|.
    pub y: VectorId,
    /// Scale of the first product.
    pub p: i64,
    /// Scale of the second product.
    pub q: i64,
    /// Bits dropped from the sum, under 64.
    pub shift: u32,
}

/// An edge between two different nodes. Several edges on a pair add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// First node; its values are the rows.
    pub u: usize,
    /// Second node; its values are the columns.
    pub v: usize,
    /// The cost.
    pub form: Form,
}

pub(super) struct Node {
    pub(super) numbers: Arc<[i64]>,
    pub(super) unary: Vec<i64>,
}

pub(super) struct Table {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) costs: Vec<i32>,
}

/// Pick one value per node and pay unary and pair costs. Immutable; made by [`ProblemBuilder`].
pub struct Problem {
    pub(super) nodes: Vec<Node>,
    pub(super) tables: Vec<Table>,
    pub(super) vectors: Vec<Vec<i64>>,
    pub(super) edges: Vec<Edge>,
}

impl Problem {
    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The edges, in the order given.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// The number of values of a node.
    pub fn domain(&self, node: usize) -> usize {
        self.nodes[node].unary.len()
    }

    /// The cost of a value by itself.
    pub fn unary(&self, node: usize, value: usize) -> i64 {
        self.nodes[node].unary[value]
    }

    /// The cost of an edge at two values. O(1).
    pub fn pair(&self, edge: &Edge, a: usize, b: usize) -> i64 {
        let (u, v) = (&self.nodes[edge.u], &self.nodes[edge.v]);
        let when = |bad: bool, c: i64| if bad { c } else { 0 };
        match edge.form {
            Form::Table(t) => self.entry(t, a, b),
            Form::Gap { k, c } => when(u.numbers[a].abs_diff(v.numbers[b]) <= k.max(0) as u64 && k >= 0, c),
            Form::NotAt { k, c } => when(k < 0 || u.numbers[a].abs_diff(v.numbers[b]) != k as u64, c),
            Form::Same { c } => when(u.numbers[a] == v.numbers[b], c),
            Form::Factored(f) => self.factored(&f, a, b),
        }
    }

    /// The cost of an assignment: one value index per node. A forbidden choice counts [`HARD`].
    pub fn cost(&self, values: &[usize]) -> i64 {
        let unary: i64 = values.iter().enumerate().map(|(n, &a)| self.unary(n, a)).sum();
        unary + self.edges.iter().map(|e| self.pair(e, values[e.u], values[e.v])).sum::<i64>()
    }

    /// How many unary and pair costs of an assignment are forbidden ones.
    pub fn violations(&self, values: &[usize]) -> usize {
        let unary = values.iter().enumerate().filter(|&(n, &a)| self.unary(n, a) >= HARD).count();
        unary + self.edges.iter().filter(|e| self.pair(e, values[e.u], values[e.v]) >= HARD).count()
    }

    fn entry(&self, table: TableId, a: usize, b: usize) -> i64 {
        let t = &self.tables[table.0 as usize];
        i64::from(t.costs[a * t.cols + b])
    }

    fn factored(&self, f: &Factored, a: usize, b: usize) -> i64 {
        let product =
            |t: TableId, scale: i64, by: i64| i128::from(self.entry(t, a, b)) * i128::from(scale) * i128::from(by);
        let ahead = product(f.ahead, f.p, self.vectors[f.x.0 as usize][b]);
        let sum = ahead.saturating_add(product(f.back, f.q, self.vectors[f.y.0 as usize][a]));
        (sum >> f.shift).clamp(-i128::from(HARD), i128::from(HARD)) as i64
    }
}

/// Why a problem cannot be built. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Code {
    /// A node has no value to pick from.
    EmptyDomain,
    /// A node's unary costs are not as many as its values.
    UnaryLength,
    /// A cost lies under -10^9.
    CostRange,
    /// A table's entries are not as many as its rows times its columns.
    TableLength,
    /// An edge names a node that does not exist.
    EdgeNode,
    /// An edge joins a node with itself.
    EdgeLoop,
    /// An edge names a table or vector that does not exist.
    EdgeTable,
    /// An edge's table or vector does not fit its nodes' domains.
    EdgeShape,
    /// An edge's form compares numbers, and a domain has words.
    EdgeNumbers,
    /// An edge has none or several of `table`, `t` and `fn`, or a part of the form is missing.
    EdgeForm,
    /// A node names a domain that does not exist.
    DomainIndex,
    /// A node has none or both of `domain` and `d`.
    NodeDomain,
    /// The nodes have more values together than are read.
    Size,
    /// The file is not `pairwise/1`.
    Format,
    /// `hard` is not 10^9.
    Hard,
    /// The text is not JSON or a field has the wrong type.
    Syntax,
}

impl Code {
    /// The code as messages carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmptyDomain => "empty-domain",
            Self::UnaryLength => "unary-length",
            Self::CostRange => "cost-range",
            Self::TableLength => "table-length",
            Self::EdgeNode => "edge-node",
            Self::EdgeLoop => "edge-loop",
            Self::EdgeTable => "edge-table",
            Self::EdgeShape => "edge-shape",
            Self::EdgeNumbers => "edge-numbers",
            Self::EdgeForm => "edge-form",
            Self::DomainIndex => "domain-index",
            Self::NodeDomain => "node-domain",
            Self::Size => "size",
            Self::Format => "format",
            Self::Hard => "hard",
            Self::Syntax => "syntax",
        }
    }
}

/// One fault of a problem: what, where, and the figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemError {
    /// What is wrong.
    pub code: Code,
    /// Where, as a path: `nodes[3].unary`.
    pub place: String,
    /// What was found and what is wanted.
    pub detail: String,
}

impl fmt::Display for ProblemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.code.as_str(), self.place, self.detail)
    }
}

impl std::error::Error for ProblemError {}

/// Makes a [`Problem`] and collects every fault on the way.
///
/// ```
/// use millpond_optimizer::pairwise::{Form, ProblemBuilder};
///
/// let mut builder = ProblemBuilder::new();
/// let left = builder.node(vec![0, 5]);
/// let right = builder.node(vec![1, 0]);
/// let table = builder.table(2, 2, vec![9, 9, 0, 3]);
/// builder.edge(left, right, Form::Table(table));
/// let problem = builder.build().unwrap();
/// assert_eq!(problem.cost(&[1, 0]), 6);
/// ```
#[derive(Default)]
pub struct ProblemBuilder {
    nodes: Vec<Node>,
    tables: Vec<Table>,
    vectors: Vec<Vec<i64>>,
    edges: Vec<Edge>,
    errors: Vec<ProblemError>,
}

impl ProblemBuilder {
    /// An empty problem.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a node with one value per unary cost, numbered from 0. Returns its index.
    pub fn node(&mut self, unary: Vec<i64>) -> usize {
        let numbers = (0..unary.len() as i64).collect();
        self.node_with_numbers(numbers, unary)
    }

    /// Adds a node whose values have numbers that [`Form::Gap`], [`Form::NotAt`] and [`Form::Same`] compare.
    pub fn node_with_numbers(&mut self, numbers: Arc<[i64]>, mut unary: Vec<i64>) -> usize {
        let index = self.nodes.len();
        if numbers.is_empty() {
            self.fault(Code::EmptyDomain, format!("nodes[{index}]"), "a node needs at least one value".into());
        }
        if numbers.len() != unary.len() {
            let detail = format!("{} costs for {} values", unary.len(), numbers.len());
            self.fault(Code::UnaryLength, format!("nodes[{index}].unary"), detail);
            unary.resize(numbers.len(), 0);
        }
        for (a, cost) in unary.iter_mut().enumerate() {
            if *cost < -HARD {
                let detail = format!("{cost} is under -{HARD}");
                self.fault(Code::CostRange, format!("nodes[{index}].unary[{a}]"), detail);
            }
            *cost = (*cost).clamp(-HARD, HARD);
        }
        self.nodes.push(Node { numbers, unary });
        index
    }

    /// Adds a table of `rows` times `cols` costs, row after row, that any number of edges may share.
    pub fn table(&mut self, rows: usize, cols: usize, costs: Vec<i64>) -> TableId {
        self.narrow_table(rows, cols, costs.into_iter().map(|c| c.clamp(-HARD - 1, HARD) as i32).collect())
    }

    /// Adds a table of costs up to [`HARD`].
    pub(super) fn narrow_table(&mut self, rows: usize, cols: usize, mut costs: Vec<i32>) -> TableId {
        let id = self.tables.len();
        if let Some(at) = costs.iter().position(|&c| i64::from(c) < -HARD) {
            let detail = format!("{} is under -{HARD}", costs[at]);
            self.fault(Code::CostRange, format!("tables[{id}][{at}]"), detail);
        }
        if rows.checked_mul(cols) != Some(costs.len()) {
            let detail = format!("{} costs for {rows} rows and {cols} columns", costs.len());
            self.fault(Code::TableLength, format!("tables[{id}]"), detail);
            costs.clear();
        }
        self.tables.push(Table { rows, cols, costs });
        TableId(id as u32)
    }

    /// The costs of a table.
    pub(super) fn costs(&self, id: TableId) -> &[i32] {
        &self.tables[id.0 as usize].costs
    }

    /// The number of values of a node, 0 if there is no such node.
    pub(super) fn domain(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |n| n.numbers.len())
    }

    /// Adds a vector that any number of [`Factored`] edges may share.
    pub fn vector(&mut self, entries: Vec<i64>) -> VectorId {
        self.vectors.push(entries);
        VectorId((self.vectors.len() - 1) as u32)
    }

    /// Adds an edge. Its faults are found by [`build`](Self::build).
    pub fn edge(&mut self, u: usize, v: usize, form: Form) {
        self.edges.push(Edge { u, v, form });
    }

    /// Notes a fault that the caller has found.
    pub(super) fn fault(&mut self, code: Code, place: String, detail: String) {
        self.errors.push(ProblemError { code, place, detail });
    }

    /// The problem, or every fault of it in the order found.
    pub fn build(mut self) -> Result<Problem, Vec<ProblemError>> {
        for index in 0..self.edges.len() {
            let edge = self.edges[index];
            match self.edge_fault(&edge) {
                Some((code, detail)) => self.fault(code, format!("edges[{index}]"), detail),
                None => self.edges[index].form = clip(edge.form),
            }
        }
        if self.errors.is_empty() {
            Ok(Problem { nodes: self.nodes, tables: self.tables, vectors: self.vectors, edges: self.edges })
        } else {
            Err(self.errors)
        }
    }

    fn edge_fault(&self, e: &Edge) -> Option<(Code, String)> {
        let n = self.nodes.len();
        if e.u >= n || e.v >= n {
            return Some((Code::EdgeNode, format!("joins {} and {}, and there are {n} nodes", e.u, e.v)));
        }
        if e.u == e.v {
            return Some((Code::EdgeLoop, format!("joins node {} with itself", e.u)));
        }
        match e.form {
            Form::Table(t) => self.table_fault(e, t),
            Form::Factored(f) => self
                .table_fault(e, f.ahead)
                .or_else(|| self.table_fault(e, f.back))
                .or_else(|| self.vector_fault(e.v, f.x))
                .or_else(|| self.vector_fault(e.u, f.y))
                .or_else(|| (f.shift > 63).then(|| (Code::EdgeForm, format!("shift {} is over 63", f.shift)))),
            Form::Gap { c, .. } | Form::NotAt { c, .. } | Form::Same { c } => {
                (c < -HARD).then(|| (Code::CostRange, format!("{c} is under -{HARD}")))
            }
        }
    }

    fn table_fault(&self, e: &Edge, id: TableId) -> Option<(Code, String)> {
        let Some(table) = self.tables.get(id.0 as usize) else {
            return Some((Code::EdgeTable, format!("table {} of {}", id.0, self.tables.len())));
        };
        let want = (self.nodes[e.u].numbers.len(), self.nodes[e.v].numbers.len());
        let (rows, cols) = (table.rows, table.cols);
        ((rows, cols) != want)
            .then(|| (Code::EdgeShape, format!("table {} is {rows} x {cols}, wanted {} x {}", id.0, want.0, want.1)))
    }

    fn vector_fault(&self, node: usize, id: VectorId) -> Option<(Code, String)> {
        let Some(vector) = self.vectors.get(id.0 as usize) else {
            return Some((Code::EdgeTable, format!("vector {} of {}", id.0, self.vectors.len())));
        };
        let want = self.nodes[node].numbers.len();
        (vector.len() != want)
            .then(|| (Code::EdgeShape, format!("vector {} has {} entries, wanted {want}", id.0, vector.len())))
    }
}

fn clip(form: Form) -> Form {
    match form {
        Form::Gap { k, c } => Form::Gap { k, c: c.min(HARD) },
        Form::NotAt { k, c } => Form::NotAt { k, c: c.min(HARD) },
        Form::Same { c } => Form::Same { c: c.min(HARD) },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_cost_what_they_say() {
        let mut b = ProblemBuilder::new();
        let numbers: Arc<[i64]> = Arc::from([10, 14, 20]);
        let u = b.node_with_numbers(numbers.clone(), vec![0; 3]);
        let v = b.node_with_numbers(numbers, vec![0; 3]);
        b.edge(u, v, Form::Gap { k: 4, c: 1 });
        b.edge(u, v, Form::NotAt { k: 6, c: 10 });
        b.edge(v, u, Form::Same { c: 100 });
        let p = b.build().unwrap();
        assert_eq!(p.cost(&[0, 1]), 11);
        assert_eq!(p.cost(&[1, 2]), 0);
        assert_eq!(p.cost(&[2, 2]), 111);
    }

    #[test]
    fn factored_edges_round_down() {
        let mut b = ProblemBuilder::new();
        let (u, v) = (b.node(vec![0; 2]), b.node(vec![0; 2]));
        let ahead = b.table(2, 2, vec![1, 2, 3, 4]);
        let back = b.table(2, 2, vec![1, 3, 2, 4]);
        let (x, y) = (b.vector(vec![5, 7]), b.vector(vec![11, 13]));
        b.edge(u, v, Form::Factored(Factored { ahead, back, x, y, p: 2, q: 3, shift: 1 }));
        let p = b.build().unwrap();
        assert_eq!(p.cost(&[0, 1]), (2 * 2 * 7 + 3 * 3 * 11) >> 1);
    }

    #[test]
    fn every_fault_is_named() {
        let mut b = ProblemBuilder::new();
        b.node(vec![]);
        b.node_with_numbers(Arc::from([1, 2]), vec![0, i64::MIN, 3]);
        let t = b.table(1, 2, vec![0; 3]);
        b.edge(0, 9, Form::Same { c: 1 });
        b.edge(1, 1, Form::Same { c: 1 });
        b.edge(1, 0, Form::Table(TableId(5)));
        b.edge(1, 0, Form::Table(t));
        let codes: Vec<Code> = b.build().err().unwrap().into_iter().map(|e| e.code).collect();
        let want = [
            Code::EmptyDomain,
            Code::UnaryLength,
            Code::CostRange,
            Code::TableLength,
            Code::EdgeNode,
            Code::EdgeLoop,
            Code::EdgeTable,
            Code::EdgeShape,
        ];
        assert_eq!(codes, want);
    }
}
