//! `t_cells` of the privacy contract: what a receiver may publish has no small cell, and none comes out by subtraction.

use std::process::ExitCode;

use millpond_report::cells::{LEFT_OUT, Refused, may_publish};
use millpond_tests::cases;
use millpond_tests::words::SplitMix;

/// The contract's figure, section 6: no cell of fewer homes.
const LEAST: usize = 50;

fn main() -> ExitCode {
    cases::run(
        "t_cells",
        &[
            ("a cell with fewer than fifty answers is refused", small),
            ("one household less is refused", one_less),
            ("margins of a table that was refused do not give it away", margins),
            ("what three tables tell together is refused", three_tables),
            ("nothing accepted can be subtracted to a small group", nothing_comes_out),
            ("a check of each table alone would let it through", alone_is_not_enough),
            ("wrong lengths are refused", lengths),
        ],
    )
}

fn check(table: &[u16], before: &[&[u16]]) -> Result<(), Refused> {
    may_publish(table, before, &mut vec![0; table.len()])
}

/// So many answers in each cell, cell by cell.
fn cells(counts: &[usize]) -> Vec<u16> {
    counts.iter().enumerate().flat_map(|(cell, n)| vec![cell as u16; *n]).collect()
}

fn small() -> usize {
    for n in 1..LEAST {
        assert_eq!(check(&cells(&[200, n, 60]), &[]), Err(Refused::Small), "{n}");
    }
    for n in LEAST..LEAST + 20 {
        assert_eq!(check(&cells(&[200, n, 60]), &[]), Ok(()), "{n}");
    }
    assert_eq!(check(&[], &[]), Ok(()), "nothing tells nothing");
    LEAST + 20
}

/// A table over all answers, then the same without a few.
fn one_less() -> usize {
    let all = cells(&[120, 150]);
    for gone in 1..LEAST {
        let mut fewer = all.clone();
        fewer[..gone].fill(LEFT_OUT);
        assert_eq!(check(&fewer, &[]), Ok(()), "on its own it is fine");
        assert_eq!(check(&fewer, &[&all]), Err(Refused::Subtraction), "{gone}");
        assert_eq!(check(&all, &[&fewer]), Err(Refused::Subtraction), "in the other order, {gone}");
    }
    let mut fewer = all.clone();
    fewer[..LEAST].fill(LEFT_OUT);
    assert_eq!(check(&fewer, &[&all]), Ok(()));
    assert_eq!(check(&all, &[&all]), Ok(()), "the same again tells nothing new");
    2 * LEAST
}

/// Rows by columns with one small cell: rows may go out, or columns, but not both.
fn margins() -> usize {
    let counts = [[100, 80], [30, 90]];
    let place = |f: fn(usize, usize) -> usize| -> Vec<u16> {
        let each = |(r, row): (usize, &[usize; 2])| {
            let row = *row;
            (0..2).flat_map(move |c| vec![f(r, c) as u16; row[c]])
        };
        counts.iter().enumerate().flat_map(each).collect()
    };
    let (whole, rows, columns) = (place(|r, c| 2 * r + c), place(|r, _| r), place(|_, c| c));
    assert_eq!(check(&whole, &[]), Err(Refused::Small));
    assert_eq!(check(&rows, &[]), Ok(()));
    assert_eq!(check(&columns, &[]), Ok(()));
    assert_eq!(check(&columns, &[&rows]), Err(Refused::Subtraction));
    4
}

/// Any two of them are harmless: four groups of 40 that are paired in three ways.
fn three_tables() -> usize {
    let groups = |pairs: [u16; 4]| -> Vec<u16> { pairs.iter().flat_map(|cell| vec![*cell; 40]).collect() };
    let (a, b) = (groups([0, 0, 1, 1]), groups([0, 0, 0, 0]));
    let c = groups([0, 0, 1, LEFT_OUT]);
    assert_eq!(check(&a, &[&b]), Ok(()));
    assert_eq!(check(&c, &[&b]), Err(Refused::Small));
    let d = groups([0, 0, 0, LEFT_OUT]);
    assert_eq!(check(&d, &[&a]), Err(Refused::Subtraction));
    assert_eq!(check(&d, &[&b, &a]), Err(Refused::Subtraction));
    4
}

/// Random tables, laid over one another as the check accepts them; then every sum and difference of two published cells
/// that is a group of answers is looked at.
fn nothing_comes_out() -> usize {
    let mut words = SplitMix(11);
    let mut looked = 0;
    let mut met = [0usize; 3];
    for _ in 0..300 {
        let answers = 150 + words.under(300) as usize;
        let mut published: Vec<Vec<u16>> = vec![];
        for _ in 0..4 {
            // Coarse blocks with borders that often agree, so that some are accepted.
            let blocks = 1 + words.under(4);
            let (shift, left) = ([0, 0, 60, 1][words.under(4) as usize], [0, 0, 60, 1][words.under(4) as usize]);
            let place = |i: u64| if i < left { LEFT_OUT } else { ((i + shift) / 60 % blocks) as u16 };
            let table: Vec<u16> = (0..answers as u64).map(place).collect();
            let before: Vec<&[u16]> = published.iter().map(Vec::as_slice).collect();
            match check(&table, &before) {
                Ok(()) => {
                    met[0] += 1;
                    published.push(table);
                }
                Err(Refused::Small) => met[1] += 1,
                Err(_) => met[2] += 1,
            }
        }
        let group = |t: &[u16], cell: u16| t.iter().map(|c| *c == cell).collect::<Vec<bool>>();
        let groups: Vec<Vec<bool>> =
            published.iter().flat_map(|t| (0..4).map(|cell| group(t, cell))).filter(|g| g.contains(&true)).collect();
        for a in &groups {
            for b in &groups {
                let within = a.iter().zip(b).all(|(a, b)| *a || !*b);
                let rest = a.iter().zip(b).filter(|(a, b)| **a && !**b).count();
                assert!(!within || rest == 0 || rest >= LEAST, "{rest}");
                looked += 1;
            }
        }
    }
    assert!(met.iter().all(|n| *n > 20), "each answer is met: {met:?}");
    looked
}

/// This test can fail: a receiver who looks at each table alone would publish both.
fn alone_is_not_enough() -> usize {
    let all = cells(&[120, 150]);
    let mut fewer = all.clone();
    fewer[0] = LEFT_OUT;
    let alone = [&all, &fewer].iter().all(|t| check(t, &[]).is_ok());
    assert!(alone && check(&fewer, &[&all]).is_err());
    2
}

fn lengths() -> usize {
    let table = cells(&[60]);
    assert_eq!(may_publish(&table, &[], &mut [0; 59]), Err(Refused::Lengths));
    assert_eq!(check(&table, &[&table[1..]]), Err(Refused::Lengths));
    2
}
