//! Word lists for businesses that do not exist. No persons, and every address lies under example.com.

use crate::market::Market;

const FIRST: [&str; 24] = [
    "Willow & Co",
    "Lens & Light",
    "Honeycomb",
    "Saltmarsh",
    "Copper Kettle",
    "Larkspur",
    "Ivy Lane",
    "Old Barn",
    "Silver Birch",
    "Meadow & Moss",
    "Tidewater",
    "Bluebell",
    "Juniper Row",
    "Foxglove",
    "Harbour",
    "Moonlit",
    "Orchard House",
    "Paper Crane",
    "Quill & Fern",
    "Rosewood",
    "Thistle",
    "Velvet Hour",
    "Wildflower",
    "Yew Tree",
];
const TRADES: [(&str, &str); 12] = [
    ("Florists", "florist"),
    ("Photography", "photographer"),
    ("Catering", "caterer"),
    ("Marquees", "marquee"),
    ("Cakes", "cakes"),
    ("Strings", "music"),
    ("Stationery", "stationery"),
    ("Cars", "transport"),
    ("Bridal", "dresses"),
    ("Films", "film"),
    ("Gardens", "venue"),
    ("Lighting", "lighting"),
];
const PLACES: [&str; 10] = [
    "",
    " of Bath",
    " of York",
    " of Wells",
    " of Ely",
    " of Truro",
    " of Ripon",
    " of Durham",
    " of Lewes",
    " of Kendal",
];

const IN_EUROPE: [&str; 10] = [
    " of Cork",
    " of Galway",
    " de Lyon",
    " de Nantes",
    " am Rhein",
    " an der Elbe",
    " van Leiden",
    " van Delft",
    " de Cadiz",
    " de Girona",
];
const IN_AMERICA: [&str; 10] = [
    " of Albany",
    " of Ithaca",
    " of Hudson",
    " of Kingston",
    " of Beacon",
    " of Utica",
    " of Saratoga",
    " of Oswego",
    " of Elmira",
    " of Geneva",
];

/// A business's name, its mail address and its trade.
pub(crate) struct Business {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) trade: &'static str,
}

/// The business of this number; names repeat after 2,880 of them, addresses never.
pub(crate) fn business(number: u64, market: &Market) -> Business {
    let first = at(&FIRST, number).copied().unwrap_or_default();
    let (title, trade) = at(&TRADES, number.wrapping_add(number / 24)).copied().unwrap_or_default();
    let places = match market.currency {
        "eur" => &IN_EUROPE,
        "usd" => &IN_AMERICA,
        _ => &PLACES,
    };
    let place = at(places, number / 288).copied().unwrap_or_default();
    let name = format!("{first} {title}{place}");
    let email = format!("hello@{}-{number}.example.com", slug(&name));
    Business { name, email, trade }
}

fn at<T>(list: &[T], number: u64) -> Option<&T> {
    let length = u64::try_from(list.len()).ok()?;
    list.get(usize::try_from(number.checked_rem(length)?).ok()?)
}

fn slug(name: &str) -> String {
    name.replace('&', "and").to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::market::HOME;

    #[test]
    fn the_first_two_thousand_names_differ_and_mail_goes_nowhere() {
        let names: BTreeSet<String> = (0..2000).map(|number| business(number, &HOME).name).collect();
        assert_eq!(names.len(), 2000);
        assert!((0..100).all(|number| business(number, &HOME).email.ends_with(".example.com")));
        assert_eq!(business(0, &HOME).email, "hello@willow-and-co-florists-0.example.com");
    }
}
