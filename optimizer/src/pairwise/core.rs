//! A net in scaled 32-bit costs, all at least 0, over a floor: the form in which bounds are raised and trees searched.
//!
//! Costs move between pairs, nodes and the floor without changing the sum of any assignment, so the floor is a lower
//! bound at every moment. Scaling leaves room to halve; nothing is ever rounded away.
//!
//! - Source: Tourani, Shekhovtsov, Rother, Savchynskyy, "MPLP++: fast, parallel dual block-coordinate ascent for dense
//!   graphical models", ECCV 2018 (the handshake); Cooper et al., "Soft arc consistency revisited", Artificial
//!   Intelligence 174, 2010 (costs that move, pruning by the cutoff)

use std::collections::HashMap;

use super::net::{Net, Pair, capped};

/// Finest scale: costs are multiplied by up to this.
const MAX_SCALE: i64 = 256;

/// The integer that a core's costs are kept in: 32 bits hold any gap of interest, 16 bits pass through a processor's
/// vector registers more than twice as fast.
pub(super) trait Unit: Copy + Ord + Default + Send + Sync + std::fmt::Debug + 'static {
    /// A forbidden cost.
    const CAP: Self;
    /// The widest gap between floor and cutoff that the scale may produce. Three such steps down from [`Self::CAP`] are
    /// still over it.
    const MAX_GAP: i64;
    /// Coarsest scale that leaves room to halve.
    const MIN_SCALE: i64;
    /// A sum of two costs that is over the gap if one of them is. May exceed the cap.
    fn raw(self, other: Self) -> Self;
    /// A sum of two costs, at most the cap.
    fn plus(self, other: Self) -> Self;
    /// A sum of three costs, at most the cap.
    fn plus2(self, one: Self, other: Self) -> Self;
    /// A difference of which it is known that it is not negative.
    fn less(self, other: Self) -> Self;
    /// Half of a cost, rounded up if `up`.
    fn half(self, up: bool) -> Self;
    /// A cost that is known to fit.
    fn of(cost: i64) -> Self;
    /// Back to 64 bits.
    fn wide(self) -> i64;
}

impl Unit for i32 {
    const CAP: Self = 1 << 29;
    const MAX_GAP: i64 = 1 << 27;
    const MIN_SCALE: i64 = 1;

    #[inline(always)]
    fn raw(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        (self + other).min(Self::CAP)
    }

    #[inline(always)]
    fn plus2(self, one: Self, other: Self) -> Self {
        (self + one + other).min(Self::CAP)
    }

    #[inline(always)]
    fn less(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn half(self, up: bool) -> Self {
        (self + Self::from(up)) >> 1
    }

    fn of(cost: i64) -> Self {
        cost as Self
    }

    fn wide(self) -> i64 {
        i64::from(self)
    }
}

impl Unit for i16 {
    const CAP: Self = Self::MAX;
    const MAX_GAP: i64 = 10_000;
    const MIN_SCALE: i64 = 2;

    #[inline(always)]
    fn raw(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.saturating_add(other)
    }

    #[inline(always)]
    fn plus2(self, one: Self, other: Self) -> Self {
        self.saturating_add(one).saturating_add(other)
    }

    #[inline(always)]
    fn less(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline(always)]
    fn half(self, up: bool) -> Self {
        self.saturating_add(Self::from(up)) >> 1
    }

    fn of(cost: i64) -> Self {
        cost as Self
    }

    fn wide(self) -> i64 {
        i64::from(self)
    }
}

/// A pair: nodes `u` and `v` of the core, and where its table starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) u: u32,
    pub(super) v: u32,
    pub(super) at: u32,
}

/// The net between a floor and a cutoff.
#[derive(Clone, Debug, Default)]
pub(super) struct Core<C> {
    /// Index of each node in the net it came from.
    pub(super) nodes: Vec<u32>,
    /// Node n's values are `start[n]..start[n + 1]` of `unary` and `values`.
    pub(super) start: Vec<u32>,
    pub(super) unary: Vec<C>,
    /// Live value index in the net it came from.
    pub(super) values: Vec<u16>,
    /// Whether a node has been taken out by [`peel`](Self::peel); [`restrict`](Self::restrict) then leaves it behind.
    gone: Vec<bool>,
    pub(super) links: Vec<Link>,
    pub(super) tables: Vec<C>,
    /// Scaled cost that every assignment pays.
    pub(super) floor: i64,
    /// Scaled cost over which an assignment is of no interest.
    pub(super) cutoff: i64,
    pub(super) scale: i64,
}

/// Every assignment costs more than the cutoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// Buffers that a search keeps between calls.
#[derive(Default)]
pub(super) struct Work<C> {
    unary: Vec<C>,
    least: Vec<C>,
    place: Vec<u32>,
    kept: Vec<u32>,
    kept_from: Vec<u32>,
    degree: Vec<u32>,
}

/// `min over a of own[a] + left[a, b] + right[a, c]` for all b and c.
fn join<C: Unit>(own: &[C], left: &[C], right: &[C], rows: usize, cols: usize) -> Vec<C> {
    let mut out = vec![C::CAP; rows * cols];
    for (a, o) in own.iter().enumerate() {
        let right = &right[a * cols..(a + 1) * cols];
        for (b, out) in out.chunks_exact_mut(cols).enumerate() {
            let base = o.plus(left[a * rows + b]);
            if base < C::CAP {
                out.iter_mut().zip(right).for_each(|(x, r)| *x = (*x).min(base.raw(*r)));
            }
        }
    }
    out
}

impl<C: Unit> Core<C> {
    /// The core of some nodes of a net, looking for assignments that cost less than `limit` (the net's constant not
    /// counted). `None` if a domain is too long or the costs too wide apart for 32 bits.
    pub(super) fn new(net: &Net, part: &[usize], limit: i64) -> Option<Result<Self, Closed>> {
        let unary = part.iter().map(|&n| net.unary[n].clone()).collect();
        Self::build(net, part, unary, limit)
    }

    /// The core of some nodes while all others keep their `values`.
    pub(super) fn around(net: &Net, part: &[usize], values: &[usize], limit: i64) -> Option<Result<Self, Closed>> {
        let fold = |&node: &usize| {
            let mut unary = net.unary[node].clone();
            for &(to, p) in net.adjacent[node].iter().filter(|(to, _)| !part.contains(to)) {
                let pair = net.pairs[p].as_ref().expect("adjacency names live pairs");
                let cols = net.unary[pair.v].len();
                let (from, step) = if pair.u == node { (values[to], cols) } else { (values[to] * cols, 1) };
                unary.iter_mut().zip(pair.costs[from..].iter().step_by(step)).for_each(|(u, c)| *u = capped(*u + c));
            }
            unary
        };
        Self::build(net, part, part.iter().map(fold).collect(), limit)
    }

    fn build(net: &Net, part: &[usize], unary: Vec<Vec<i64>>, limit: i64) -> Option<Result<Self, Closed>> {
        let least = |costs: &[i64]| costs.iter().copied().min().unwrap_or(0);
        let mut place = HashMap::with_capacity(part.len());
        place.extend(part.iter().enumerate().map(|(i, &node)| (node, i)));
        let pair = |&(to, p): &(usize, usize), node: usize| match &net.pairs[p] {
            Some(pair) if to > node && place.contains_key(&to) => Some((pair, least(&pair.costs))),
            _ => None,
        };
        let inside: Vec<(&Pair, i64)> =
            part.iter().flat_map(|&n| net.adjacent[n].iter().filter_map(move |l| pair(l, n))).collect();
        let floor = unary.iter().map(|u| least(u)).sum::<i64>() + inside.iter().map(|p| p.1).sum::<i64>();
        // A cost of `limit - 1` is still of interest.
        let gap = limit - 1 - floor;
        if gap < 0 {
            return Some(Err(Closed));
        }
        if gap * C::MIN_SCALE > C::MAX_GAP || unary.iter().any(|u| u.len() > usize::from(u16::MAX)) {
            return None;
        }
        let scale = 1 << (C::MAX_GAP / gap.max(1)).clamp(1, MAX_SCALE).ilog2();
        let narrow = |c: i64, least: i64| if c - least > gap { C::CAP } else { C::of((c - least) * scale) };
        let mut core = Self { start: vec![0], gone: vec![false; part.len()], scale, ..Self::default() };
        (core.floor, core.cutoff) = (floor * scale, (limit - 1) * scale);
        for (&node, unary) in part.iter().zip(&unary) {
            let base = least(unary);
            core.nodes.push(node as u32);
            core.unary.extend(unary.iter().map(|&c| narrow(c, base)));
            core.values.extend(0..unary.len() as u16);
            core.start.push(core.unary.len() as u32);
        }
        for (pair, base) in inside {
            let at = core.tables.len() as u32;
            core.links.push(Link { u: place[&pair.u] as u32, v: place[&pair.v] as u32, at });
            core.tables.extend(pair.costs.iter().map(|&c| narrow(c, base)));
        }
        Some(Ok(core))
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The values of node `n`.
    pub(super) fn range(&self, n: usize) -> std::ops::Range<usize> {
        self.start[n] as usize..self.start[n + 1] as usize
    }

    /// The number of values of node `n`.
    pub(super) fn domain(&self, n: usize) -> usize {
        (self.start[n + 1] - self.start[n]) as usize
    }

    /// The widest cost of interest above the floor.
    pub(super) fn gap(&self) -> C {
        C::of(self.cutoff - self.floor)
    }

    /// Lowers the cutoff to assignments that cost less than `limit`.
    pub(super) fn tighten(&mut self, limit: i64) {
        self.cutoff = self.cutoff.min((limit - 1).saturating_mul(self.scale));
    }

    /// The bound in the net's own costs, rounded up.
    pub(super) fn bound(&self) -> i64 {
        self.floor.div_euclid(self.scale) + i64::from(self.floor.rem_euclid(self.scale) > 0)
    }

    /// For each value a bound on what an assignment with it costs above the floor: one pass over all tables.
    pub(super) fn look(&self, bounds: &mut Vec<C>) {
        bounds.clear();
        bounds.extend_from_slice(&self.unary);
        let mut column = Vec::new();
        for link in &self.links {
            let (ru, rv) = (self.range(link.u as usize), self.range(link.v as usize));
            let cols = rv.len();
            column.clear();
            column.resize(cols, C::CAP);
            let table = &self.tables[link.at as usize..link.at as usize + ru.len() * cols];
            for (row, i) in table.chunks_exact(cols).zip(ru.clone()) {
                let mut least = C::CAP;
                let of_u = self.unary[i];
                for ((t, c), v) in row.iter().zip(column.iter_mut()).zip(&self.unary[rv.clone()]) {
                    least = least.min(t.raw(*v));
                    *c = (*c).min(t.raw(of_u));
                }
                bounds[i] = bounds[i].plus(least);
            }
            for (c, b) in column.iter().zip(&mut bounds[rv.clone()]) {
                *b = b.plus(*c);
            }
        }
    }

    /// For each node the sum over its pairs of the mean entry, forbidden ones counting the gap.
    pub(super) fn mean_costs(&self, means: &mut Vec<f64>) {
        means.clear();
        means.resize(self.len(), 0.0);
        let gap = self.gap();
        for link in &self.links {
            let (u, v) = (link.u as usize, link.v as usize);
            let entries = self.domain(u) * self.domain(v);
            let table = &self.tables[link.at as usize..link.at as usize + entries];
            let mean = table.iter().map(|&t| t.min(gap).wide()).sum::<i64>() as f64 / entries as f64;
            means[u] += mean;
            means[v] += mean;
        }
    }

    /// Forbids all values of a node of the net but the given ones.
    pub(super) fn hold(&mut self, node: usize, values: &[u16]) {
        let at = self.nodes.iter().position(|&n| n as usize == node).map_or(0..0, |n| self.range(n));
        for i in at {
            if !values.contains(&self.values[i]) {
                self.unary[i] = C::CAP;
            }
        }
    }

    /// Forbids the values, by their place in `unary`, that `unwanted` says.
    pub(super) fn forbid(&mut self, unwanted: impl Fn(usize) -> bool) {
        self.unary.iter_mut().enumerate().filter(|(i, _)| unwanted(*i)).for_each(|(_, c)| *c = C::CAP);
    }

    /// Forbids the values whose bound is over the gap.
    pub(super) fn drop_over(&mut self, bounds: &[C]) {
        let gap = self.gap();
        self.unary.iter_mut().zip(bounds).filter(|(_, b)| **b > gap).for_each(|(c, _)| *c = C::CAP);
    }

    /// Copies the core without the values over the gap. With `branch` a node keeps some of its values; if that is one, the
    /// node is taken out.
    pub(super) fn restrict(
        &self,
        branch: Option<(usize, std::ops::Range<usize>)>,
        out: &mut Self,
        work: &mut Work<C>,
    ) -> Result<(), Closed> {
        out.clear();
        (out.scale, out.cutoff, out.floor) = (self.scale, self.cutoff, self.floor);
        work.unary.clear();
        work.unary.extend_from_slice(&self.unary);
        let mut fixed = None;
        match branch {
            Some((x, one)) if one.len() == 1 => {
                out.floor += self.unary[self.start[x] as usize + one.start].wide();
                self.fold_value(x, one.start, &mut work.unary);
                fixed = Some(x);
            }
            Some((x, some)) => {
                let own = &mut work.unary[self.range(x)];
                own[..some.start].fill(C::CAP);
                own[some.end..].fill(C::CAP);
            }
            None => {}
        }
        if out.floor > out.cutoff {
            return Err(Closed);
        }
        // First what every assignment now pays at each node, then who is left below the cutoff.
        work.least.clear();
        for n in 0..self.len() {
            let skip = self.gone[n] || fixed == Some(n);
            let own = work.unary[self.range(n)].iter().copied();
            let least = if skip { C::default() } else { own.min().unwrap_or(C::CAP) };
            work.least.push(least);
            out.floor += least.wide();
        }
        if out.floor > out.cutoff {
            return Err(Closed);
        }
        let gap = out.gap();
        work.place.clear();
        work.kept.clear();
        work.kept_from.clear();
        for n in 0..self.len() {
            work.kept_from.push(work.kept.len() as u32);
            if self.gone[n] || fixed == Some(n) {
                work.place.push(u32::MAX);
                continue;
            }
            work.place.push(out.nodes.len() as u32);
            out.nodes.push(self.nodes[n]);
            out.gone.push(false);
            for (a, i) in self.range(n).enumerate() {
                let cost = work.unary[i].less(work.least[n]);
                if cost <= gap {
                    work.kept.push(a as u32);
                    out.unary.push(cost);
                    out.values.push(self.values[i]);
                }
            }
            out.start.push(out.unary.len() as u32);
        }
        work.kept_from.push(work.kept.len() as u32);
        self.copy_links(out, work);
        Ok(())
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.start.clear();
        self.start.push(0);
        self.gone.clear();
        self.unary.clear();
        self.values.clear();
        self.links.clear();
        self.tables.clear();
    }

    /// Adds what value `a` of node `x` costs its neighbours to their unary costs.
    fn fold_value(&self, x: usize, a: usize, unary: &mut [C]) {
        for link in &self.links {
            let (u, v, at) = (link.u as usize, link.v as usize, link.at as usize);
            let cols = self.domain(v);
            if u == x {
                let row = &self.tables[at + a * cols..at + (a + 1) * cols];
                unary[self.range(v)].iter_mut().zip(row).for_each(|(c, t)| *c = c.plus(*t));
            } else if v == x {
                let column = self.tables[at..at + self.domain(u) * cols].iter().skip(a).step_by(cols);
                unary[self.range(u)].iter_mut().zip(column).for_each(|(c, t)| *c = c.plus(*t));
            }
        }
    }

    fn copy_links(&self, out: &mut Self, work: &Work<C>) {
        let gap = out.gap();
        let kept = |n: usize| &work.kept[work.kept_from[n] as usize..work.kept_from[n + 1] as usize];
        for link in &self.links {
            let (u, v) = (link.u as usize, link.v as usize);
            if work.place[u] == u32::MAX || work.place[v] == u32::MAX {
                continue;
            }
            let at = out.tables.len();
            let cols = self.domain(v);
            for &a in kept(u) {
                let row = &self.tables[link.at as usize + a as usize * cols..][..cols];
                match kept(v).len() == cols {
                    true => out.tables.extend_from_slice(row),
                    false => out.tables.extend(kept(v).iter().map(|&b| row[b as usize])),
                }
            }
            let mut most = C::default();
            for t in &mut out.tables[at..] {
                *t = if *t > gap { C::CAP } else { *t };
                most = most.max(*t);
            }
            if most > C::default() {
                out.links.push(Link { u: work.place[u], v: work.place[v], at: at as u32 });
            } else {
                // The ends no longer matter to each other.
                out.tables.truncate(at);
            }
        }
    }

    /// Takes out nodes of degree two and less, as long as there are any.
    pub(super) fn peel(&mut self, work: &mut Work<C>) {
        work.degree.clear();
        work.degree.resize(self.len(), 0);
        for link in &self.links {
            work.degree[link.u as usize] += 1;
            work.degree[link.v as usize] += 1;
        }
        while let Some(x) = (0..self.len()).find(|&n| !self.gone[n] && work.degree[n] <= 2) {
            self.take_out(x, work);
        }
    }

    fn take_out(&mut self, x: usize, work: &mut Work<C>) {
        let touching: Vec<usize> =
            (0..self.links.len()).filter(|&i| self.links[i].u as usize == x || self.links[i].v as usize == x).collect();
        let other = |link: &Link| if link.u as usize == x { link.v as usize } else { link.u as usize };
        let ends: Vec<(usize, Vec<C>)> =
            touching.iter().map(|&i| (other(&self.links[i]), self.facing(&self.links[i], x))).collect();
        let own = self.unary[self.range(x)].to_vec();
        self.gone[x] = true;
        self.links.retain(|l| l.u as usize != x && l.v as usize != x);
        match ends.as_slice() {
            [] => self.floor += own.iter().copied().min().unwrap_or(C::CAP).wide(),
            [(w, table)] => {
                work.degree[*w] -= 1;
                let d = self.domain(*w);
                let range = self.range(*w);
                for (c, out) in self.unary[range].iter_mut().enumerate() {
                    let least = own.iter().zip(table.iter().skip(c).step_by(d)).map(|(o, t)| o.plus(*t)).min();
                    *out = out.plus(least.unwrap_or(C::CAP));
                }
            }
            [(u, left), (v, right), ..] => {
                let joined = join(&own, left, right, self.domain(*u), self.domain(*v));
                work.degree[*u] -= 1;
                work.degree[*v] -= 1;
                if !self.add_link(*u, *v, &joined) {
                    return;
                }
                work.degree[*u] += 1;
                work.degree[*v] += 1;
            }
        }
    }

    /// Adds costs to the pair of `u` and `v`. True if the pair is new.
    fn add_link(&mut self, u: usize, v: usize, costs: &[C]) -> bool {
        let cols = self.domain(v);
        for link in &self.links {
            let at = link.at as usize;
            let end = self.tables.len().min(at + costs.len());
            let table = &mut self.tables[at..end];
            if (link.u as usize, link.v as usize) == (u, v) {
                table.iter_mut().zip(costs).for_each(|(t, c)| *t = t.plus(*c));
                return false;
            }
            if (link.u as usize, link.v as usize) == (v, u) {
                let rows = costs.len() / cols;
                for (i, c) in costs.iter().enumerate() {
                    let t = &mut table[i % cols * rows + i / cols];
                    *t = t.plus(*c);
                }
                return false;
            }
        }
        self.links.push(Link { u: u as u32, v: v as u32, at: self.tables.len() as u32 });
        self.tables.extend_from_slice(costs);
        true
    }

    /// A pair's table with `x`'s values as rows.
    fn facing(&self, link: &Link, x: usize) -> Vec<C> {
        let (rows, cols) = (self.domain(link.u as usize), self.domain(link.v as usize));
        let table = &self.tables[link.at as usize..link.at as usize + rows * cols];
        if link.u as usize == x {
            return table.to_vec();
        }
        (0..cols).flat_map(|b| table.iter().skip(b).step_by(cols).copied()).collect()
    }

    /// One pass of handshakes over all pairs, forwards or backwards. Returns what the floor gained.
    ///
    /// - Cost: O(table entries), no allocation beyond one row
    pub(super) fn sweep(&mut self, forwards: bool, scratch: &mut Vec<C>) -> Result<i64, Closed> {
        let before = self.floor;
        for i in 0..self.links.len() {
            let i = if forwards { i } else { self.links.len() - 1 - i };
            self.handshake(i, forwards, scratch)?;
        }
        Ok(self.floor - before)
    }

    /// Gathers both ends' costs in a pair's table and hands back as much as both can take.
    fn handshake(&mut self, i: usize, forwards: bool, scratch: &mut Vec<C>) -> Result<(), Closed> {
        let link = self.links[i];
        let (ru, rv) = (self.range(link.u as usize), self.range(link.v as usize));
        let (rows, cols) = (ru.len(), rv.len());
        let gap = self.gap();
        let table = &mut self.tables[link.at as usize..link.at as usize + rows * cols];
        let (low, high) = self.unary.split_at_mut(ru.end.max(rv.end) - if ru.end > rv.end { rows } else { cols });
        let (u, v) =
            if ru.end < rv.end { (&mut low[ru], &mut high[..cols]) } else { (&mut high[..rows], &mut low[rv]) };
        let gained = exchange(table, u, v, gap, forwards, scratch);
        self.floor += gained;
        if self.floor > self.cutoff { Err(Closed) } else { Ok(()) }
    }
}

/// The handshake on one table. Returns what both ends' cheapest values now share, which is taken from them.
fn exchange<C: Unit>(table: &mut [C], u: &mut [C], v: &mut [C], gap: C, forwards: bool, column: &mut Vec<C>) -> i64 {
    let (cols, zero) = (v.len(), C::default());
    column.clear();
    column.resize(cols, C::CAP);
    // Half of each row's least goes to u, then all that a column can give to v, then the rest of each row to u.
    for (row, u) in table.chunks_exact_mut(cols).zip(u.iter_mut()) {
        let (mut least, of_u) = (C::CAP, *u);
        for (t, v) in row.iter_mut().zip(v.iter()) {
            *t = t.plus2(of_u, *v);
            least = least.min(*t);
        }
        *u = if least > gap { C::CAP } else { least.half(forwards) };
        let give = if least > gap { zero } else { *u };
        for (t, c) in row.iter_mut().zip(column.iter_mut()) {
            *t = t.less(give);
            *c = (*c).min(*t);
        }
    }
    // A value over the gap is out: nothing is taken from its entries, so they stay forbidden.
    let mut base_v = C::CAP;
    for (c, v) in column.iter_mut().zip(v.iter_mut()) {
        base_v = base_v.min(*c);
        *v = if *c > gap { C::CAP } else { *c };
        *c = if *c > gap { zero } else { *c };
    }
    let mut base_u = C::CAP;
    for (row, u) in table.chunks_exact_mut(cols).zip(u.iter_mut()) {
        let mut least = C::CAP;
        for (t, c) in row.iter_mut().zip(column.iter()) {
            *t = t.less(*c);
            least = least.min(*t);
        }
        let rest = if *u >= C::CAP { zero } else { least };
        *u = u.plus(rest);
        base_u = base_u.min(*u);
        for t in row.iter_mut() {
            let left = t.less(rest);
            *t = if left > gap { C::CAP } else { left };
        }
    }
    let lower = |c: &mut C, base: C| *c = if *c >= C::CAP { C::CAP } else { c.less(base) };
    u.iter_mut().for_each(|c| lower(c, base_u));
    v.iter_mut().for_each(|c| lower(c, base_v));
    base_u.wide() + base_v.wide()
}
