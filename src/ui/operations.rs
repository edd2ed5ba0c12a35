//! The window of operations on labels: one is chosen, its outcome is shown in the views, then it is applied or not.

use eframe::egui::{self, Align2, ComboBox, DragValue, ProgressBar, RichText, Ui, vec2};

use super::actions::Actions;
use super::tools::labelled_ui;
use super::{theme, widgets};
use crate::edit::{Combination, Operation, PaintRule, Smoothing};
use crate::geometry::Plane;
use crate::label::{ClassId, Wall};
use crate::workspace::{EditAction, PendingState, Workspace};

/// What can be done to a class as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperationKind {
    #[default]
    Interpolate,
    Smooth,
    Islands,
    FillHoles,
    Margin,
    Hollow,
    Combine,
    Replace,
    Threshold,
    Invert,
    Clear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SmoothingKind {
    Median,
    Opening,
    Closing,
    Gaussian,
    Joint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IslandRule {
    KeepLargest,
    RemoveSmall,
    Split,
}

/// What the user has set; kept while the window is closed.
#[derive(Debug)]
pub struct Operations {
    open: bool,
    kind: OperationKind,
    in_slice: bool,
    smoothing: SmoothingKind,
    islands: IslandRule,
    combination: Combination,
    wall: Wall,
    other: ClassId,
    smooth_mm: f64,
    margin_mm: f64,
    wall_mm: f64,
    small_mm3: f64,
    limits: Option<[f64; 2]>,
    all_classes: bool,
    completes: bool,
    /// What was asked for last, and of which labels, so that it is asked for once.
    asked: Option<Asked>,
}

#[derive(Clone, Debug, PartialEq)]
struct Asked {
    operation: Operation,
    /// The view and its slice; none of it while the views are turned.
    slice_of: Option<(Plane, Option<usize>)>,
    class: ClassId,
    case: String,
    revision: u64,
    rule: PaintRule,
    locked: Vec<ClassId>,
}

impl Default for Operations {
    fn default() -> Self {
        Self {
            open: false,
            kind: OperationKind::default(),
            in_slice: false,
            smoothing: SmoothingKind::Median,
            islands: IslandRule::KeepLargest,
            combination: Combination::Add,
            wall: Wall::Inside,
            other: 0,
            smooth_mm: 2.0,
            margin_mm: 2.0,
            wall_mm: 2.0,
            small_mm3: 50.0,
            limits: None,
            all_classes: true,
            completes: true,
            asked: None,
        }
    }
}

impl OperationKind {
    const ALL: [Self; 11] = [
        Self::Interpolate,
        Self::Smooth,
        Self::Islands,
        Self::FillHoles,
        Self::Margin,
        Self::Hollow,
        Self::Combine,
        Self::Replace,
        Self::Threshold,
        Self::Invert,
        Self::Clear,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Interpolate => "Fill between slices",
            Self::Smooth => "Smooth",
            Self::Islands => "Islands",
            Self::FillHoles => "Fill holes",
            Self::Margin => "Grow or shrink",
            Self::Hollow => "Hollow",
            Self::Combine => "Combine with a class",
            Self::Replace => "Replace by a class",
            Self::Threshold => "By intensity",
            Self::Invert => "Invert",
            Self::Clear => "Clear",
        }
    }

    fn explanation(self) -> &'static str {
        match self {
            Self::Interpolate => {
                "Label some slices with gaps between them; the shapes between are made from their neighbours."
            }
            Self::Smooth => "Takes roughness off the class.",
            Self::Islands => "Works on separate pieces of the class.",
            Self::FillHoles => "What the class encloses becomes the class.",
            Self::Margin => "Grows the class by a distance, or shrinks it.",
            Self::Hollow => "Leaves a wall of the class.",
            Self::Combine => "Adds, subtracts or keeps what another class (grown by a distance) covers.",
            Self::Replace => "Every voxel of the class becomes another class.",
            Self::Threshold => "Every voxel of these intensities becomes the class.",
            Self::Invert => "The class becomes background, all else the class.",
            Self::Clear => "The class becomes background.",
        }
    }
}

impl Operations {
    pub fn open(&mut self, kind: OperationKind) {
        self.open = true;
        self.kind = kind;
        self.asked = None;
    }

    pub fn ui(&mut self, ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) {
        if !self.open {
            return;
        }
        if workspace.case().is_none() {
            self.open = false;
            return;
        }
        let mut stays = true;
        egui::Window::new("Change a class")
            .open(&mut stays)
            .anchor(Align2::RIGHT_TOP, vec2(-(theme::RIGHT_PANEL_WIDTH + 24.0), theme::TOP_BAR_HEIGHT + 12.0))
            .default_width(300.0)
            .resizable(false)
            .collapsible(false)
            .show(ctx, |ui| self.contents_ui(ui, workspace, actions));
        if !stays {
            self.close(actions);
        }
    }

    /// Gives up what was not applied; false if the window was not open.
    pub fn close(&mut self, actions: &mut Actions) -> bool {
        if !std::mem::take(&mut self.open) {
            return false;
        }
        self.asked = None;
        actions.push(EditAction::CancelProposal.into());
        true
    }

    fn contents_ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        ui.set_width(300.0);
        // Another case has other intensities.
        let case = workspace.case().map(|case| case.id.as_str());
        if self.asked.as_ref().is_some_and(|asked| Some(asked.case.as_str()) != case) {
            self.limits = None;
        }
        labelled_ui(ui, "What", |ui| {
            let combo = ComboBox::from_id_salt("operation").selected_text(self.kind.name()).width(ui.available_width());
            let response = combo.show_ui(ui, |ui| {
                for kind in OperationKind::ALL {
                    ui.selectable_value(&mut self.kind, kind, kind.name());
                }
            });
            widgets::named(response.response, "Operation", None);
        });
        ui.add(
            egui::Label::new(RichText::new(self.kind.explanation()).small().color(theme::palette(ui).text_weak)).wrap(),
        );
        ui.add_space(theme::TIGHT);
        self.subject_ui(ui, workspace);
        self.parameters_ui(ui, workspace);
        ui.add_space(theme::GAP);
        self.ask(workspace, actions);
        self.outcome_ui(ui, workspace, actions);
    }

    /// The class it is about, and where.
    fn subject_ui(&mut self, ui: &mut Ui, workspace: &Workspace) {
        let Some(study) = workspace.study() else { return };
        let all = self.kind == OperationKind::Interpolate && self.all_classes;
        let class = if all { "all classes".to_owned() } else { study.classes.name(workspace.tools().class).to_owned() };
        labelled_ui(ui, "Class", |ui| {
            ui.label(RichText::new(class).color(theme::palette(ui).text_strong))
                .on_hover_text("Choose another one in the class list.");
        });
        if self.kind != OperationKind::Interpolate {
            labelled_ui(ui, "Where", |ui| {
                if let Some(in_slice) =
                    widgets::choices_ui(ui, self.in_slice, &[(false, "Whole volume"), (true, "This slice")])
                {
                    self.in_slice = in_slice;
                }
            });
        }
    }

    fn parameters_ui(&mut self, ui: &mut Ui, workspace: &Workspace) {
        match self.kind {
            OperationKind::Interpolate => {
                ui.checkbox(&mut self.all_classes, "All classes at once");
                ui.checkbox(&mut self.completes, "Between completed slices, the rest is background");
            }
            OperationKind::Smooth => {
                let kinds = [
                    (SmoothingKind::Median, "Median"),
                    (SmoothingKind::Gaussian, "Gaussian"),
                    (SmoothingKind::Opening, "Open"),
                    (SmoothingKind::Closing, "Close"),
                    (SmoothingKind::Joint, "All classes"),
                ];
                choice_row_ui(ui, |ui| {
                    if let Some(kind) = widgets::choices_ui(ui, self.smoothing, &kinds) {
                        self.smoothing = kind;
                    }
                });
                number_ui(ui, "By", "Smooth by", &mut self.smooth_mm, 0.1..=50.0, " mm");
            }
            OperationKind::Islands => {
                let rules = [
                    (IslandRule::KeepLargest, "Keep largest"),
                    (IslandRule::RemoveSmall, "Remove small"),
                    (IslandRule::Split, "Split"),
                ];
                choice_row_ui(ui, |ui| {
                    if let Some(rule) = widgets::choices_ui(ui, self.islands, &rules) {
                        self.islands = rule;
                    }
                });
                if self.islands == IslandRule::RemoveSmall {
                    number_ui(ui, "Below", "Smallest island", &mut self.small_mm3, 0.1..=1e6, " mm³");
                }
                widgets::caption_ui(ui, "The tool Islands (7) removes or keeps a clicked one.");
            }
            OperationKind::Margin => {
                number_ui(ui, "By", "Grow by", &mut self.margin_mm, -50.0..=50.0, " mm");
                widgets::caption_ui(ui, "Below zero it shrinks.");
            }
            OperationKind::Hollow => {
                let walls = [(Wall::Inside, "Inside"), (Wall::Centred, "Centred"), (Wall::Outside, "Outside")];
                labelled_ui(ui, "Wall", |ui| {
                    if let Some(wall) = widgets::choices_ui(ui, self.wall, &walls) {
                        self.wall = wall;
                    }
                });
                number_ui(ui, "Thick", "Thickness of the wall", &mut self.wall_mm, 0.1..=50.0, " mm");
            }
            OperationKind::Combine => {
                self.other_class_ui(ui, workspace);
                let ways = [Combination::Add, Combination::Subtract, Combination::Intersect, Combination::Copy];
                choice_row_ui(ui, |ui| {
                    let names = ["Add", "Subtract", "Intersect", "Copy"];
                    let choices: Vec<_> = ways.into_iter().zip(names).collect();
                    if let Some(way) = widgets::choices_ui(ui, self.combination, &choices) {
                        self.combination = way;
                    }
                });
                number_ui(ui, "Grown by", "Grow the other class by", &mut self.margin_mm, -50.0..=50.0, " mm");
            }
            OperationKind::Replace => self.other_class_ui(ui, workspace),
            OperationKind::Threshold => self.limits_ui(ui, workspace),
            OperationKind::FillHoles | OperationKind::Invert | OperationKind::Clear => {}
        }
    }

    fn other_class_ui(&mut self, ui: &mut Ui, workspace: &Workspace) {
        let Some(study) = workspace.study() else { return };
        let own = workspace.tools().class;
        if self.other == own || study.classes.get(self.other).is_none() {
            self.other = study.classes.in_order().map(|c| c.id).find(|&id| id != own).unwrap_or(0);
        }
        labelled_ui(ui, "Other", |ui| {
            let combo = ComboBox::from_id_salt("other class").selected_text(study.classes.name(self.other)).truncate();
            let response = combo.width(ui.available_width()).show_ui(ui, |ui| {
                for class in study.classes.in_order().filter(|class| class.id != own) {
                    ui.selectable_value(&mut self.other, class.id, &class.name);
                }
            });
            widgets::named(response.response, "Other class", None);
        });
    }

    fn limits_ui(&mut self, ui: &mut Ui, workspace: &Workspace) {
        let Some(case) = workspace.case() else { return };
        let [mut low, mut high] = self.limits.unwrap_or([case.window.level(), case.window.high()]);
        let statistics = case.image.statistics();
        let range = statistics.min..=statistics.max;
        for (label, name, value) in [("From", "Lowest intensity", &mut low), ("To", "Highest intensity", &mut high)] {
            number_ui(ui, label, name, value, range.clone(), "");
        }
        if self.limits != Some([low, high]) {
            self.limits = Some([low, high]);
        }
    }

    /// The operation with its numbers.
    fn operation(&self, workspace: &Workspace) -> Option<Operation> {
        let (case, study) = (workspace.case()?, workspace.study()?);
        let foreground = || study.classes.foreground().map(|class| class.id).collect::<Vec<_>>();
        let active = case.normal_axis(workspace.views().active);
        Some(match self.kind {
            OperationKind::Interpolate => Operation::Interpolate {
                axis: active,
                classes: if self.all_classes { foreground() } else { vec![workspace.tools().class] },
                complete: self.completes,
            },
            OperationKind::Smooth => Operation::Smooth(match self.smoothing {
                SmoothingKind::Median => Smoothing::Median { radius_mm: self.smooth_mm },
                SmoothingKind::Opening => Smoothing::Opening { radius_mm: self.smooth_mm },
                SmoothingKind::Closing => Smoothing::Closing { radius_mm: self.smooth_mm },
                SmoothingKind::Gaussian => Smoothing::Gaussian { sigma_mm: self.smooth_mm },
                SmoothingKind::Joint => Smoothing::Joint { sigma_mm: self.smooth_mm, classes: foreground() },
            }),
            OperationKind::Islands => match self.islands {
                IslandRule::KeepLargest => Operation::KeepLargestIsland,
                IslandRule::RemoveSmall => Operation::RemoveSmallIslands { smaller_than_mm3: self.small_mm3 },
                IslandRule::Split => Operation::SplitIslands { into: foreground() },
            },
            OperationKind::FillHoles => Operation::FillHoles { slices_along: None },
            OperationKind::Margin => Operation::Margin { mm: self.margin_mm },
            OperationKind::Hollow => Operation::Hollow { thickness_mm: self.wall_mm, wall: self.wall },
            OperationKind::Combine => {
                Operation::Combine { with: self.other, grown_mm: self.margin_mm, how: self.combination }
            }
            OperationKind::Replace => Operation::ReplaceClass { by: self.other },
            OperationKind::Threshold => {
                let [low, high] = self.limits?;
                Operation::Threshold { low, high }
            }
            OperationKind::Invert => Operation::Invert,
            OperationKind::Clear => Operation::Clear,
        })
    }

    /// Asks anew whenever the operation, its subject or the labels are other ones.
    fn ask(&mut self, workspace: &Workspace, actions: &mut Actions) {
        let (Some(case), Some(study), Some(operation)) =
            (workspace.case(), workspace.study(), self.operation(workspace))
        else {
            return;
        };
        let view = workspace.views().active;
        let in_slice = self.in_slice && self.kind != OperationKind::Interpolate;
        let asked = Asked {
            operation,
            slice_of: in_slice.then(|| (view, (!case.is_turned()).then(|| case.camera(view).straight().slice()))),
            class: workspace.tools().class,
            case: case.id.as_str().to_owned(),
            revision: case.labels().revision(),
            rule: workspace.tools().rule,
            locked: study.classes.all().iter().filter(|class| class.locked).map(|class| class.id).collect(),
        };
        if self.asked.as_ref() == Some(&asked) {
            return;
        }
        let (operation, slice_of) = (Box::new(asked.operation.clone()), asked.slice_of.map(|(view, _)| view));
        // What was just applied is not at once asked for again, or the next one would shrink what the last one shrank.
        let applied =
            self.asked.as_ref().is_some_and(|last| last.revision != asked.revision && last.case == asked.case);
        self.asked = Some(asked);
        if !applied {
            actions.push(EditAction::Propose { operation, slice_of }.into());
        }
    }

    fn outcome_ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let p = theme::palette(ui);
        let pending = workspace.pending();
        let ready = pending.and_then(|pending| pending.changed());
        let (text, colour) = match pending.map(|pending| &pending.state) {
            Some(PendingState::Working) => ("Working…".to_owned(), p.text_weak),
            Some(PendingState::Nothing) => ("Nothing would change.".to_owned(), p.text_weak),
            Some(PendingState::Refused(sentence)) => (sentence.clone(), p.warning),
            Some(PendingState::Ready(_)) => {
                (format!("{} voxels would change. The views show it.", ready.unwrap_or(0)), p.text)
            }
            None => ("Nothing is shown. Change something, or press Again.".to_owned(), p.text_weak),
        };
        ui.add(egui::Label::new(RichText::new(text).color(colour)).wrap());
        let progress = pending.filter(|pending| pending.is_working()).map(|pending| pending.watch.progress());
        if let Some(progress) = progress {
            ui.add(ProgressBar::new(progress).desired_height(4.0));
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(100));
        } else {
            ui.add_space(8.0);
        }
        ui.horizontal(|ui| {
            ui.add_enabled_ui(ready.is_some(), |ui| {
                if widgets::accent_button_ui(ui, "Apply").on_hover_text("Enter").clicked() {
                    actions.push(EditAction::ApplyProposal.into());
                }
            });
            if pending.is_none() && ui.button("Again").on_hover_text("The same once more").clicked() {
                self.asked = None;
            }
            if ui.button("Close").on_hover_text("Nothing is changed that was not applied").clicked() {
                self.close(actions);
            }
        });
    }
}

/// More choices than one line holds.
fn choice_row_ui(ui: &mut Ui, choices: impl FnOnce(&mut Ui)) {
    labelled_ui(ui, "How", |ui| drop(ui.horizontal_wrapped(choices)));
}

fn number_ui(ui: &mut Ui, label: &str, name: &str, value: &mut f64, range: std::ops::RangeInclusive<f64>, unit: &str) {
    labelled_ui(ui, label, |ui| {
        let speed = (value.abs() / 50.0).max(0.1);
        let drag = DragValue::new(value).range(range).speed(speed).max_decimals(1).suffix(unit);
        ui.add(drag).accessible_name(name);
    });
}
