//! Short messages that come and go in the corner.

use std::time::Duration;

use eframe::egui::{self, vec2};
use egui_notify::{Anchor, Toasts};

use super::theme;
use crate::workspace::{Notice, NoticeKind};

pub struct Notices {
    toasts: Toasts,
}

impl Default for Notices {
    fn default() -> Self {
        let margin = vec2(
            theme::RIGHT_PANEL_WIDTH + theme::WIDE,
            theme::LEARNING_HEIGHT + theme::STATUS_BAR_HEIGHT + theme::WIDE,
        );
        Self { toasts: Toasts::default().with_anchor(Anchor::BottomRight).with_margin(margin) }
    }
}

impl Notices {
    /// Longer than this, a line is broken.
    const LINE: usize = 64;

    pub fn show(&mut self, notice: &Notice) {
        let text = broken(&notice.text, Self::LINE);
        let toast = match notice.kind {
            NoticeKind::Info => self.toasts.info(text),
            NoticeKind::Success => self.toasts.success(text),
            NoticeKind::Warning => self.toasts.warning(text),
            NoticeKind::Error => self.toasts.error(text),
        };
        let secs = match notice.kind {
            NoticeKind::Info | NoticeKind::Success => 5,
            NoticeKind::Warning => 10,
            // An error asks for something to be done; it waits for a click.
            NoticeKind::Error => 60,
        };
        toast.duration(Some(Duration::from_secs(secs))).closable(true).show_progress_bar(false);
    }

    pub fn ui(&mut self, ctx: &egui::Context) {
        self.toasts.show(ctx);
    }
}

/// Breaks a sentence between words into lines of at most `length` characters, where words allow.
fn broken(text: &str, length: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < length => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::broken;

    #[test]
    fn long_sentences_are_broken_between_words_without_losing_any() {
        let text = "The mask of case A could not be written to the folder because the disk is full.";
        let lines = broken(text, 30);
        assert!(lines.lines().all(|line| line.chars().count() <= 30), "{lines}");
        assert_eq!(lines.replace('\n', " "), text);
    }
}
