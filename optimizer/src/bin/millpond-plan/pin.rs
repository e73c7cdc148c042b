//! `--pin` and `--object`: what the household fixed or ruled out, in a few characters.

use millpond_dsp::phy::{Band, Bandwidth};
use millpond_optimizer::model::site::Choice;

/// Reads one choice.
///
/// - `5=44/80`, `hall:5=44`, `5=/80`: the radios of a band, or of one pod: primary and width
/// - `kitchen->hall`, `kitchen->hall@5`, `kitchen->@5`: a pod's uplink: parent and band
/// - `laptop@kitchen`, `laptop@kitchen:5`, `laptop@:5`: where a client is served: pod and band
pub fn parse(text: &str) -> Result<Choice, String> {
    let wrong = || format!("{text:?} is none of POD:BAND=PRIMARY/WIDTH, POD->PARENT@BAND, CLIENT@POD:BAND");
    let name = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    if let Some((pod, rest)) = text.split_once("->") {
        let (parent, at) = rest.split_once('@').map_or((rest, None), |(p, b)| (p, Some(b)));
        let band = at.map(band).transpose()?;
        let parent = name(parent);
        return match pod.is_empty() || (parent.is_none() && band.is_none()) {
            true => Err(wrong()),
            false => Ok(Choice::Uplink { pod: pod.to_owned(), parent, band }),
        };
    }
    if let Some((who, setting)) = text.split_once('=') {
        let (pod, at) = who.rsplit_once(':').map_or((None, who), |(p, b)| (name(p), b));
        let (primary, width) = setting.split_once('/').map_or((setting, ""), |(p, w)| (p, w));
        let number = |s: &str, what: &str| match s {
            "" => Ok(None),
            s => s.parse::<u16>().map(Some).map_err(|_| format!("{text:?}: {s:?} is no {what}")),
        };
        let primary = number(primary, "channel number")?;
        let primary = primary.map(|p| u8::try_from(p).map_err(|_| format!("{text:?}: there is no channel {p}")));
        let width = number(width, "width")?.map(|w| {
            Bandwidth::try_from(w).map_err(|_| format!("{text:?}: {w} MHz is no width; there are 20, 40, 80, 160, 320"))
        });
        let (primary, width) = (primary.transpose()?, width.transpose()?);
        return match primary.is_none() && width.is_none() {
            true => Err(wrong()),
            false => Ok(Choice::Radio { pod, band: band(at)?, primary, width }),
        };
    }
    if let Some((client, rest)) = text.split_once('@') {
        let (pod, at) = rest.split_once(':').map_or((rest, None), |(p, b)| (p, Some(b)));
        let (pod, band) = (name(pod), at.map(band).transpose()?);
        return match client.is_empty() || (pod.is_none() && band.is_none()) {
            true => Err(wrong()),
            false => Ok(Choice::Client { client: client.to_owned(), pod, band }),
        };
    }
    Err(wrong())
}

fn band(text: &str) -> Result<Band, String> {
    match text {
        "2.4" | "2" => Ok(Band::Ghz2),
        "5" => Ok(Band::Ghz5),
        "6" => Ok(Band::Ghz6),
        _ => Err(format!("{text:?} is no band; there are 2.4, 5 and 6")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_help_says() {
        let id = |s: &str| Some(s.to_owned());
        let radio = |pod, primary, width| Choice::Radio { pod, band: Band::Ghz5, primary, width };
        assert_eq!(parse("5=44/80"), Ok(radio(None, Some(44), Some(Bandwidth::Mhz80))));
        assert_eq!(parse("hall:5=44"), Ok(radio(id("hall"), Some(44), None)));
        assert_eq!(parse("5=/160"), Ok(radio(None, None, Some(Bandwidth::Mhz160))));
        let up = |parent, band| Choice::Uplink { pod: "kitchen".into(), parent, band };
        assert_eq!(parse("kitchen->hall"), Ok(up(id("hall"), None)));
        assert_eq!(parse("kitchen->@6"), Ok(up(None, Some(Band::Ghz6))));
        let client = |pod, band| Choice::Client { client: "tv".into(), pod, band };
        assert_eq!(parse("tv@kitchen:2.4"), Ok(client(id("kitchen"), Some(Band::Ghz2))));
        assert_eq!(parse("tv@kitchen"), Ok(client(id("kitchen"), None)));
        for wrong in ["", "5", "7=36", "5=", "5=999", "5=36/30", "->hall", "tv@", "@hall", "kitchen->", "tv@a:9"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
