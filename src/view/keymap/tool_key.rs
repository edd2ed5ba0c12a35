//! The tools that keys select.

/// One line per tool: its variant, its part of the id in files, its name for people.
macro_rules! tools {
    ($($(#[$doc:meta])* $tool:ident $id:literal $name:literal,)*) => {
        /// Tools a key selects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ToolKey {
            $($(#[$doc])* $tool,)*
        }

        impl ToolKey {
            /// In the order of the help page.
            pub const ALL: &[Self] = &[$(Self::$tool,)*];

            /// Stable: it stands in files.
            pub(super) fn id(self) -> &'static str {
                match self {
                    $(Self::$tool => $id,)*
                }
            }

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$tool => $name,)*
                }
            }
        }
    };
}

tools! {
    Cursor "cursor" "Cursor",
    PanZoom "pan-zoom" "Pan and zoom",
    /// Left drag changes window and level.
    Window "window" "Brightness and contrast",
    Brush "brush" "Brush",
    Eraser "eraser" "Eraser",
    /// Clicked corners.
    Polygon "polygon" "Polygon",
    /// A free line drawn around a region.
    Lasso "lasso" "Lasso",
    /// A line that clings to edges between clicks.
    Livewire "livewire" "Line along edges",
    /// Cuts away or keeps what lies inside a drawn line, through the whole depth.
    Scissors "scissors" "Scissors",
    /// Fills a closed or one-class region of a slice.
    Fill "fill" "Fill",
    /// Fills the connected region of similar intensity.
    FillSimilar "fill-similar" "Fill similar intensity",
    /// Grows from a seed.
    GrowRegion "grow-region" "Grow a region",
    /// Outlines what is as bright as the point under the pointer.
    LevelTrace "level-trace" "Outline of equal intensity",
    /// Takes the class under the pointer.
    Pick "pick" "Pick the class under the pointer",
    /// A click keeps or removes an island.
    Island "island" "Islands",
    AcceptBrush "accept-brush" "Accept with the brush",
    AcceptComponent "accept-component" "Accept a region",
    MeasureDistance "measure-distance" "Measure a distance",
    MeasureAngle "measure-angle" "Measure an angle",
    MeasureRectangle "measure-rectangle" "Measure in a rectangle",
    MeasureEllipse "measure-ellipse" "Measure in an ellipse",
}
