//! Drawing slices with wgpu, and the CPU reference that says what they must look like.
