//! Charts, as numbers for the template to draw. Each is a pure function of an answer.
//!
//! Whole numbers only: the drawing is ten times as large as it is shown, so that nothing needs a fraction.

mod bars;
mod line;
mod scale;
mod steps;
mod waterfall;

use askama::Template;

pub(super) use bars::bars;
pub(super) use line::line;
use scale::{Name, Tick};
pub(super) use steps::steps;
pub(super) use waterfall::{Change, waterfall};

/// A box.
pub(super) struct Block {
    pub(super) class: &'static str,
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) width: i64,
    pub(super) height: i64,
    /// What it says when it is looked at.
    pub(super) title: String,
}

/// A line or an area.
pub(super) struct Path {
    pub(super) class: &'static str,
    pub(super) d: String,
}

/// A point of a line, with what it says when it is looked at.
pub(super) struct Dot {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) title: String,
}

/// Words within the drawing.
pub(super) struct Label {
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) text: String,
}

/// A chart. The page says which heading names it, and which table says the same.
#[derive(Template)]
#[template(path = "drawing.html")]
pub(super) struct Drawing {
    pub(super) heading: &'static str,
    pub(super) table: &'static str,
    pub(super) ticks: Vec<Tick>,
    pub(super) names: Vec<Name>,
    pub(super) blocks: Vec<Block>,
    pub(super) paths: Vec<Path>,
    pub(super) dots: Vec<Dot>,
    pub(super) labels: Vec<Label>,
}

impl Drawing {
    fn new(ticks: Vec<Tick>, names: Vec<Name>) -> Self {
        Self {
            heading: "",
            table: "",
            ticks,
            names,
            blocks: Vec::new(),
            paths: Vec::new(),
            dots: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Names the heading and the table that go with it, by their ids.
    pub(super) fn described(mut self, heading: &'static str, table: &'static str) -> Self {
        (self.heading, self.table) = (heading, table);
        self
    }
}
