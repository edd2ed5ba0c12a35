//! Files: NIfTI in and out, atomic writes, verified export.
