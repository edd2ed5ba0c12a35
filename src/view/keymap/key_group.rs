//! Headings of the help page.

/// Headings of the help page, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyGroup {
    Study,
    Tools,
    Edit,
    Labels,
    Viewer,
    PseudoLabels,
    Program,
}

impl KeyGroup {
    pub fn name(self) -> &'static str {
        match self {
            Self::Study => "Study",
            Self::Tools => "Tools",
            Self::Edit => "Edit",
            Self::Labels => "Labels",
            Self::Viewer => "Viewer",
            Self::PseudoLabels => "Pseudo-labels",
            Self::Program => "Program",
        }
    }
}
