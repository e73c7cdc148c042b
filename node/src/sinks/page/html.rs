//! Text into HTML.

use std::fmt::{self, Display};

/// Text that the user typed, safe in text and in quoted attributes.
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => write!(f, "{c}"),
        })
    }
}

/// Fills `{{name}}` marks of a template. A mark that `value` does not know stays, which a test looks for.
pub fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() * 4);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out += before;
        let Some((name, tail)) = after.split_once("}}") else { break };
        out += &value(name).unwrap_or_else(|| format!("{{{{{name}}}}}"));
        rest = tail;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_break_out() {
        assert_eq!(Escaped("<b a='x' b=\"y\">&").to_string(), "&lt;b a=&#39;x&#39; b=&quot;y&quot;&gt;&amp;");
    }

    #[test]
    fn marks_are_filled_once() {
        let value = |name: &str| (name == "a").then(|| "{{a}}".to_owned());
        assert_eq!(fill("x{{a}}y{{b}}z", value), "x{{a}}y{{b}}z");
    }
}
