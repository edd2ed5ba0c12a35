//! The training strip: state in plain words, the switch, curves, and the researcher's numbers.

use std::time::Duration;

use eframe::egui::{self, ComboBox, Layout, RichText, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_AC_UNIT, ICON_PAUSE, ICON_PLAY_ARROW, ICON_STOP};
use egui_plot::{Line, LineStyle, PlotPoints, Points, VLine};

use super::actions::Actions;
use super::shortcuts::WindowRequest;
use super::widgets::{self, figures};
use super::{methods, theme, trust, words};
use crate::learn::DeviceChoice;
use crate::rounds::{Round, Verdict};
use crate::view::KeyAction;
use crate::worker::protocol::TrainerState;
use crate::workspace::{Curve, RoundHistory, TrainAction, Training, Workspace};

const LEFT_WIDTH: f32 = 320.0;
const RIGHT_WIDTH: f32 = 228.0;
/// Minutes offered for a run: a coffee, the length of the published comparison, a meeting, a lunch, a night.
const LENGTHS_MIN: [f64; 5] = [5.0, 15.0, 60.0, 240.0, 720.0];

/// Returns the page that was asked for.
pub fn ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) -> Option<WindowRequest> {
    let training = workspace.training();
    let height = ui.available_height();
    ui.horizontal_top(|ui| {
        let control = ui.allocate_ui_with_layout(vec2(LEFT_WIDTH, height), Layout::top_down(egui::Align::Min), |ui| {
            ui.set_width(LEFT_WIDTH);
            control_ui(ui, workspace, actions)
        });
        let asks_for_rounds = control.inner;
        ui.add_space(theme::WIDE);
        let width = (ui.available_width() - RIGHT_WIDTH - theme::WIDE - theme::GAP).max(80.0);
        ui.allocate_ui(vec2(width, height), |ui| curves_ui(ui, training));
        ui.add_space(theme::WIDE);
        let asks_for_trust = ui.vertical(|ui| {
            numbers_ui(ui, training);
            trust_ui(ui, training)
        });
        match (asks_for_rounds, asks_for_trust.inner) {
            (true, _) => Some(WindowRequest::ShowRounds),
            (_, true) => Some(WindowRequest::ShowTrust),
            (false, false) => None,
        }
    })
    .inner
}

/// Returns true if the rounds were asked for.
fn control_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) -> bool {
    let training = workspace.training();
    let words = ui.scope(|ui| {
        widgets::compact(ui);
        words_ui(ui, training)
    });
    ui.add_space(theme::GAP);
    ui.horizontal(|ui| {
        buttons_ui(ui, training, actions);
        if training.is_active() {
            freeze_ui(ui, workspace, actions);
        } else {
            choices_ui(ui, training, actions);
        }
    });
    words.inner
}

/// As in ilastik: learning goes on, what is being looked at stands still.
fn freeze_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let is_frozen = workspace.training().is_overlay_frozen;
    let key = Some(workspace.preferences().keymap.chords(KeyAction::FreezeOverlay)).filter(|key| !key.is_empty());
    let name = if is_frozen { "Let the pseudo-labels follow learning" } else { "Freeze the pseudo-labels" };
    if widgets::icon_button_ui(ui, ICON_AC_UNIT, name, key.as_deref(), is_frozen).clicked() {
        actions.push(TrainAction::FreezeOverlay.into());
    }
}

fn words_ui(ui: &mut Ui, training: &Training) -> bool {
    widgets::section_ui(ui, "Learning", None);
    let words = RichText::new(training.words()).strong().color(theme::palette(ui).text_strong);
    ui.horizontal(|ui| {
        ui.label(words);
        if let Some((done, total)) = training.predicting {
            widgets::caption_ui(ui, &format!("pseudo-labels {done} of {total}"));
        }
        if let Some(share) = training.rested_share() {
            let caption = widgets::caption_ui(ui, &format!("rests {:.0} % of the time", 100.0 * share));
            caption.on_hover_text(
                "While you work, learning rests so that the window stays quick. Left alone, it takes the whole computer.",
            );
        }
    });
    if training.rounds.all().is_empty() || training.failure.is_some() {
        explanation_ui(ui, training);
        return false;
    }
    verdict_ui(ui, &training.rounds)
}

/// Is it getting better? And the way to the rounds.
fn verdict_ui(ui: &mut Ui, rounds: &RoundHistory) -> bool {
    let p = theme::palette(ui);
    let colour = match rounds.verdict() {
        Verdict::Improving { .. } => p.accent,
        Verdict::WorseSince { .. } => p.warning,
        Verdict::Flat { .. } | Verdict::NotEnough(_) => p.text_weak,
    };
    // As high as the caption in its place: nothing may move when the first round ends.
    ui.spacing_mut().interact_size.y = ui.text_style_height(&egui::TextStyle::Small);
    let row = ui.horizontal(|ui| {
        ui.spacing_mut().button_padding = vec2(0.0, 0.0);
        let link = ui.add(egui::Button::new(RichText::new("Rounds").small().underline()).frame(false));
        let sentence = RichText::new(rounds.verdict().to_string()).small().color(colour);
        let dice = rounds.all().last().and_then(Round::mean_dice);
        let label = ui.add(egui::Label::new(sentence).truncate());
        if let Some(dice) = dice {
            label.on_hover_text(format!("Held-out Dice of the newest round: {dice}"));
        }
        widgets::named(link, "Rounds of learning", None).clicked()
    });
    row.inner
}

/// One caption of fixed height: why it stopped, what it runs on, or what it waits for.
fn explanation_ui(ui: &mut Ui, training: &Training) {
    let p = theme::palette(ui);
    let (text, detail, colour) = match (&training.failure, &training.device) {
        (Some(failure), _) => (failure.headline.as_str(), failure.detail.as_str(), p.error),
        (None, Some(device)) if training.is_active() => (device.name.as_str(), device.why.as_str(), p.text_weak),
        _ if training.state == TrainerState::Idle && training.last_checkpoint.is_some() => {
            ("Continue it with your newest labels, or train anew.", "", p.text_weak)
        }
        _ => ("Learns from your labels and from the unlabelled volumes.", "", p.text_weak),
    };
    let label = ui.add(egui::Label::new(RichText::new(text).small().color(colour)).truncate());
    if !detail.is_empty() {
        label.on_hover_text(detail);
    }
}

fn buttons_ui(ui: &mut Ui, training: &Training, actions: &mut Actions) {
    let mut button = |ui: &mut Ui, icon, text, name, action, accent| {
        if text_button_ui(ui, icon, text, name, accent) {
            actions.push(crate::workspace::Action::Train(action));
        }
    };
    match training.state {
        TrainerState::Running | TrainerState::Waiting => {
            button(ui, ICON_PAUSE, "Pause", "Pause learning", TrainAction::Pause, true)
        }
        TrainerState::Paused => button(ui, ICON_PLAY_ARROW, "Go on", "Go on learning", TrainAction::Resume, true),
        TrainerState::Preparing => {
            ui.spinner();
        }
        TrainerState::Idle | TrainerState::Finished | TrainerState::Failed => {
            let again = training.last_checkpoint.is_some();
            let start = TrainAction::Start { resume: false };
            button(ui, ICON_PLAY_ARROW, if again { "Train anew" } else { "Train" }, "Train", start, true);
            if again {
                let resume = TrainAction::Start { resume: true };
                button(ui, ICON_PLAY_ARROW, "Continue", "Continue from the last checkpoint", resume, false);
            }
        }
    }
    if training.is_active() {
        button(ui, ICON_STOP, "Stop", "Stop learning", TrainAction::Stop, false);
    }
}

fn text_button_ui(ui: &mut Ui, icon: MaterialIcon, text: &str, name: &str, accent: bool) -> bool {
    let p = theme::palette(ui);
    let colour = if accent { egui::Color32::WHITE } else { p.text };
    let mut button = egui::Button::new((icon.rich_text().size(16.0).color(colour), RichText::new(text).color(colour)));
    if accent {
        button = button.fill(p.accent_fill);
    }
    widgets::named(ui.add(button), name, None).clicked()
}

fn choices_ui(ui: &mut Ui, training: &Training, actions: &mut Actions) {
    let settings = &training.settings;
    methods::ui(ui, settings.method, actions);
    let device_name = |device: &DeviceChoice| match device {
        DeviceChoice::Auto => "Best device".to_owned(),
        DeviceChoice::Gpu => "GPU".to_owned(),
        DeviceChoice::Cpu => "CPU".to_owned(),
        DeviceChoice::Named(name) => name.clone(),
    };
    let devices = ComboBox::from_id_salt("device").selected_text(device_name(&settings.device)).width(90.0);
    let devices = devices.show_ui(ui, |ui| {
        for device in [DeviceChoice::Auto, DeviceChoice::Gpu, DeviceChoice::Cpu] {
            if ui.selectable_label(device == settings.device, device_name(&device)).clicked() {
                actions.push(TrainAction::SetDevice(device).into());
            }
        }
    });
    widgets::named(devices.response, "Device", None);
    length_ui(ui, settings.minutes, actions);
}

/// How long a new run takes: its schedules end when the time does.
fn length_ui(ui: &mut Ui, minutes: Option<f64>, actions: &mut Actions) {
    let text = |minutes: Option<f64>| minutes.map_or_else(|| "Usual length".to_owned(), |m| duration(60.0 * m));
    let lengths = ComboBox::from_id_salt("length").selected_text(text(minutes)).width(96.0).show_ui(ui, |ui| {
        for choice in std::iter::once(None).chain(LENGTHS_MIN.map(Some)) {
            if ui.selectable_label(choice == minutes, text(choice)).clicked() {
                actions.push(TrainAction::SetMinutes(choice).into());
            }
        }
    });
    widgets::named(lengths.response, "How long to learn", None);
}

fn curves_ui(ui: &mut Ui, training: &Training) {
    let p = theme::palette(ui);
    if training.loss.points().is_empty() {
        ui.centered_and_justified(|ui| widgets::caption_ui(ui, "The curves appear here while Chiaro learns."));
        return;
    }
    let last_step = training.loss.points().last().map_or(1.0, |point| point[0]);
    widgets::still_plot("learning curves")
        .show_axes(false)
        .show_grid(false)
        .show_background(false)
        .set_margin_fraction(vec2(0.0, 0.08))
        .include_x(0.0)
        .include_y(0.0)
        .include_y(1.0)
        .show(ui, |plot| {
            plot.vline(VLine::new("", last_step).color(p.line).allow_hover(false));
            let loss = line("loss", &training.loss, loss_scale(&training.loss)).color(p.text_weak);
            plot.line(loss.style(LineStyle::dotted_dense()).width(1.2));
            // A single measurement is no line yet.
            let points: PlotPoints<'_> = training.dice.points().to_vec().into();
            plot.points(Points::new("Dice", points).color(p.accent).radius(2.5).allow_hover(false));
            plot.line(line("Dice", &training.dice, 1.0).color(p.accent).width(2.0).fill(0.0).fill_alpha(0.08));
        });
}

/// Losses differ in size between methods; the largest one shown reaches the top.
fn loss_scale(loss: &Curve) -> f64 {
    let largest = loss.points().iter().map(|point| point[1]).fold(0.0, f64::max);
    if largest > 0.0 { 1.0 / largest } else { 1.0 }
}

fn line<'a>(name: &str, curve: &Curve, scale: f64) -> Line<'a> {
    let points: PlotPoints<'a> = curve.points().iter().map(|&[step, value]| [step, scale * value]).collect();
    Line::new(name, points).allow_hover(false)
}

fn numbers_ui(ui: &mut Ui, training: &Training) {
    widgets::compact(ui);
    let progress = training.progress.as_ref();
    let dash = || "–".to_owned();
    let step = match (progress, training.last_checkpoint) {
        (Some(p), _) => p.total_steps.map_or_else(|| p.step.to_string(), |total| format!("{} / {total}", p.step)),
        (None, saved) => saved.map_or_else(dash, |step| step.to_string()),
    };
    let left = progress.and_then(|p| p.left_secs).map_or_else(dash, duration);
    let loss = progress.map_or_else(dash, |p| format!("{:.3}", p.loss));
    let dice = training.dice.last_value().map_or_else(dash, |dice| format!("{dice:.3}"));
    for (name, value) in [("Step", step), ("Time left", left), ("Loss", loss), ("Held-out Dice", dice)] {
        number_ui(ui, name, value, training);
    }
}

/// The way to the page about calibration, with its outcome.
fn trust_ui(ui: &mut Ui, training: &Training) -> bool {
    ui.horizontal(|ui| {
        ui.set_width(RIGHT_WIDTH);
        ui.spacing_mut().button_padding = vec2(0.0, 0.0);
        let text = RichText::new(words::TRUST_QUESTION).small().underline();
        let button = ui.add(egui::Button::new(text).frame(false));
        let calibration = training.calibration.as_deref();
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(figures(trust::summary(calibration)).size(11.0));
        });
        button.on_hover_text(trust::verdict(training)).clicked()
    })
    .inner
}

fn number_ui(ui: &mut Ui, name: &str, value: String, training: &Training) {
    let p = theme::palette(ui);
    let row = ui.horizontal(|ui| {
        ui.set_width(RIGHT_WIDTH);
        let colour = if name == "Held-out Dice" { p.accent } else { p.text_weak };
        ui.label(RichText::new(name).color(colour));
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| ui.label(figures(value)));
    });
    let parts = training.progress.as_ref().map(|p| p.loss_parts.as_slice()).unwrap_or_default();
    let plan = training.plan.as_ref().map(|plan| plan.sentence.clone());
    match (name, plan) {
        ("Loss", _) if !parts.is_empty() => {
            let text: Vec<_> = parts.iter().map(|(part, value)| format!("{part}  {value:.4}")).collect();
            row.response.on_hover_text(RichText::new(text.join("\n")).monospace());
        }
        ("Held-out Dice", _) => {
            let best = |(step, dice)| format!("Best {dice:.3} after step {step}; those networks are kept too.");
            let text = training.best.map_or_else(
                || "Mean Dice of the labelled cases that are held out; none is measured yet.".to_owned(),
                best,
            );
            row.response.on_hover_text(text);
        }
        ("Step", Some(sentence)) => {
            row.response.on_hover_text(sentence);
        }
        _ => {}
    }
}

/// `1 h 05 min`, `2 min 10 s`, `45 s`.
fn duration(secs: f64) -> String {
    // More than a year is shown as a year.
    let secs = Duration::try_from_secs_f64(secs.clamp(0.0, 3.2e7)).unwrap_or_default().as_secs();
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_read_in_two_units_at_most() {
        assert_eq!(duration(45.4), "45 s");
        assert_eq!(duration(130.0), "2 min 10 s");
        assert_eq!(duration(3905.0), "1 h 05 min");
        assert_eq!(duration(-3.0), "0 s");
        assert_eq!(duration(f64::NAN), "0 s");
    }
}
