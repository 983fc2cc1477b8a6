//! The report for people.

use std::io::{self, Write};

use super::{
    Mistake, Report,
    tally::{Group, Rates},
};

/// Of a text that was judged wrongly.
const SHOWN_CHARACTERS: usize = 300;

pub(super) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "detector {}, threshold {}", report.detector, report.threshold)?;
    heading(out, "")?;
    group(out, &report.overall)?;
    for (title, groups) in [("source", &report.by_source), ("category", &report.by_category), ("kind", &report.by_kind)]
    {
        if !groups.is_empty() {
            heading(out, title)?;
        }
        for one in groups {
            group(out, one)?;
        }
    }
    sweep(report, out)?;
    spans(report, out)?;
    let speed = &report.speed;
    writeln!(
        out,
        "\nspeed: p50 {} us, p99 {} us an item, {} MB/s over {} bytes",
        number(speed.p50_us, 1),
        number(speed.p99_us, 1),
        number(speed.mb_per_s, 1),
        speed.bytes,
    )?;
    bad_lines(report, out)?;
    mistakes(out, "found wrongly", &report.false_positives)?;
    mistakes(out, "missed", &report.false_negatives)
}

fn heading(out: &mut impl Write, title: &str) -> io::Result<()> {
    let header = ["rows", "positive", "precision", "recall", "F1", "FP rate"];
    write!(out, "\n{title:<36}")?;
    header.iter().try_for_each(|name| write!(out, " {name:>9}"))?;
    writeln!(out)
}

fn group(out: &mut impl Write, group: &Group) -> io::Result<()> {
    let Group { name, rows, positives, rates } = group;
    write!(out, "{:<36} {rows:>9} {positives:>9}", one_line(name))?;
    columns(out, rates)
}

fn columns(out: &mut impl Write, rates: &Rates) -> io::Result<()> {
    let Rates { precision, recall, f1, false_positive_rate } = *rates;
    for rate in [precision, recall, f1, false_positive_rate] {
        write!(out, " {:>9}", number(rate, 4))?;
    }
    writeln!(out)
}

fn sweep(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\naverage precision {}", number(report.average_precision, 4))?;
    writeln!(out, "\n{:<9} {:>9} {:>9} {:>9} {:>9}", "threshold", "precision", "recall", "F1", "FP rate")?;
    for step in &report.sweep {
        write!(out, "{:<9}", step.threshold)?;
        columns(out, &step.rates)?;
    }
    Ok(())
}

fn spans(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let Some(spans) = &report.spans else { return Ok(()) };
    writeln!(out, "\nplaces, in {} rows that label them ({} labels outside their text)", spans.rows, spans.outside)?;
    let header = ["labelled", "recall", "otherwise", "found", "precision"];
    write!(out, "{:<36}", "type")?;
    header.iter().try_for_each(|name| write!(out, " {name:>9}"))?;
    writeln!(out)?;
    for of in &spans.types {
        let (recall, precision) = (number(of.recall, 4), number(of.precision, 4));
        let (labelled, otherwise, found) = (of.labelled, of.named_otherwise, of.found);
        let name = one_line(&of.name);
        writeln!(out, "{name:<36} {labelled:>9} {recall:>9} {otherwise:>9} {found:>9} {precision:>9}")?;
    }
    Ok(())
}

fn bad_lines(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let bad = &report.bad_lines;
    if bad.count > 0 {
        writeln!(out, "\n{} lines could not be read", bad.count)?;
    }
    for line in &bad.first {
        writeln!(out, "  {}:{}: {}", line.file, line.line, line.problem)?;
    }
    Ok(())
}

fn mistakes(out: &mut impl Write, title: &str, list: &[Mistake]) -> io::Result<()> {
    if !list.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    for mistake in list {
        let Mistake { id, source, score, text, .. } = mistake;
        writeln!(out, "  {id} {} {score:.2}  {}", one_line(source), one_line(text))?;
    }
    Ok(())
}

/// A control character in a text must not steer the terminal.
fn one_line(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARACTERS)
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    if text.chars().nth(SHOWN_CHARACTERS).is_some() {
        shown.push('…');
    }
    shown
}

pub(super) fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}
