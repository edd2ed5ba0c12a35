//! The name of a case inside a study.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// File name of the image without its NIfTI extension. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct CaseId(Arc<str>);

impl CaseId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CaseId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<&str> for CaseId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
