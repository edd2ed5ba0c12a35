// One slice view. `render::reference` is the same in plain Rust and says what is right.
// All voxel reads are texel loads, so that no driver's filtering decides what a clinician sees.

// Where the view lies in a grid: voxel position at its top left corner, and the steps over its whole width and height.
struct Sheet {
    corner: vec4f,
    across: vec4f,
    along: vec4f,
}

// Where the voxels of a volume lie in its texture: `render::Fold`.
struct Fold {
    // Voxels of a piece.
    piece: vec4u,
    // Pieces along x and y, slots along x and y.
    counts: vec4u,
}

struct View {
    sheet: Sheet,
    extent: vec4i,
    // Unit steps along the voxel axes that run right and down (without their sign).
    right: vec4i,
    down: vec4i,
    // Contour thickness in voxels along right and down, of a turned plane in shares of its width and height; window: normalised intensity of black and 1 / width.
    contour_and_window: vec4f,
    // Label fill, pseudo-label fill, network contours.
    opacities: vec4f,
    overlay_sheet: Sheet,
    // As that of the image, then the opacity.
    overlay_window: vec4f,
    // First and last slice or sample of the slab, counted from the shown one; row of the overlay's colour map.
    slab_and_map: vec4i,
    // From one sample of a turned plane's slab to the next, voxels.
    slab_step: vec4f,
    fold: Fold,
    overlay_fold: Fold,
    overlay_extent: vec4i,
}

// One pipeline per combination: a software adapter runs every branch that is left to decide per pixel.
override LABELS: bool;
override LABEL_CONTOURS: bool;
override PSEUDO: bool;
override CONTOUR_A: bool;
override CONTOUR_B: bool;
override CONTOUR_FUSED: bool;
override INTERPOLATE: bool;
// Pseudo-labels are coloured by two values that span a map, or by the second value minus the first; else by the first.
override TWO_AXES: bool;
override DIFFERENCE: bool;
// What is made of the slices of a slab; none of them for a thin slice.
override SLAB_MAX: bool;
override SLAB_MIN: bool;
override SLAB_MEAN: bool;
override OVERLAY: bool;
// The sheet lies at any angle; without it, along two voxel axes.
override OBLIQUE: bool;
// Whether a volume is too long for a texture and lies in it in pieces.
override FOLDED: bool;

// Row of the colour table that holds the label colours; rows above it are pseudo-labels by class and first value, rows
// below it the same where the second value is 0.
const LABEL_ROW = 256u;
const UNLIKE_ROW = 257u;
// By first value the least second value that is faded, and whether there is one.
const FADED_ROW = 513u;
const TRUSTED_WEIGHT = 0.6;

// Half of one of 255 levels above the overlay's lower window edge: nothing is drawn there.
const OVERLAY_HIDDEN = 0.5 / 255.0;
const OVERLAY_LAST_COLOUR = 255u;

const NETWORK_A = vec3f(1.0, 0.76862746, 0.23529412);
const NETWORK_B = vec3f(0.9098039, 0.3137255, 0.8627451);
const NETWORKS_AGREE = vec3f(1.0, 1.0, 1.0);
const FUSED = vec3f(0.15686275, 0.62745098, 1.0);

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var colours: texture_2d<f32>;

@group(1) @binding(0) var image: texture_3d<f32>;
@group(1) @binding(1) var label_class: texture_3d<u32>;
@group(1) @binding(2) var label_origin: texture_3d<u32>;
@group(1) @binding(3) var pseudo_class: texture_3d<u32>;
@group(1) @binding(4) var first_value: texture_3d<u32>;
@group(1) @binding(5) var second_value: texture_3d<u32>;
@group(1) @binding(6) var class_a: texture_3d<u32>;
@group(1) @binding(7) var class_b: texture_3d<u32>;
@group(1) @binding(8) var overlay: texture_3d<f32>;

struct Corner {
    @builtin(position) position: vec4f,
    // (0, 0) at the view's top left, (1, 1) at its bottom right.
    @location(0) place: vec2f,
}

// One triangle that covers the viewport.
@vertex
fn vertex(@builtin(vertex_index) index: u32) -> Corner {
    let place = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4f(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0, 0.0, 1.0), place);
}

fn position_in(sheet: Sheet, place: vec2f) -> vec3f {
    return sheet.corner.xyz + place.x * sheet.across.xyz + place.y * sheet.along.xyz;
}

fn folded(fold: Fold, voxel: vec3i) -> vec3i {
    if !FOLDED {
        return voxel;
    }
    let place = vec3u(voxel);
    let piece = place / fold.piece.xyz;
    let number = piece.x + fold.counts.x * (piece.y + fold.counts.y * piece.z);
    let row = number / fold.counts.z;
    let slot = vec3u(number % fold.counts.z, row % fold.counts.w, row / fold.counts.w);
    return vec3i(place + (slot - piece) * fold.piece.xyz);
}

// Where a voxel of the volume lies in its textures.
fn texel(voxel: vec3i) -> vec3i {
    return folded(view.fold, voxel);
}

fn inside(voxel: vec3i) -> bool {
    return all(voxel >= vec3i(0)) && all(voxel < view.extent.xyz);
}

// The border voxels go on beyond the grid.
fn value_of(plane: texture_3d<f32>, fold: Fold, extent: vec3i, voxel: vec3i) -> f32 {
    return textureLoad(plane, folded(fold, clamp(voxel, vec3i(0), extent - 1)), 0).x;
}

fn intensity(voxel: vec3i) -> f32 {
    return value_of(image, view.fold, view.extent.xyz, voxel);
}

fn interpolated(position: vec3f) -> f32 {
    let base = vec3i(floor(position));
    let rest = position - floor(position);
    let fraction = vec2f(dot(rest, vec3f(view.right.xyz)), dot(rest, vec3f(view.down.xyz)));
    let top = mix(intensity(base), intensity(base + view.right.xyz), fraction.x);
    let below = base + view.down.xyz;
    let bottom = mix(intensity(below), intensity(below + view.right.xyz), fraction.x);
    return mix(top, bottom, fraction.y);
}

fn row_of(plane: texture_3d<f32>, fold: Fold, extent: vec3i, base: vec3i, fraction: f32) -> f32 {
    let next = base + vec3i(1, 0, 0);
    return mix(value_of(plane, fold, extent, base), value_of(plane, fold, extent, next), fraction);
}

fn layer_of(plane: texture_3d<f32>, fold: Fold, extent: vec3i, base: vec3i, fraction: vec2f) -> f32 {
    let next = base + vec3i(0, 1, 0);
    return mix(row_of(plane, fold, extent, base, fraction.x), row_of(plane, fold, extent, next, fraction.x), fraction.y);
}

// Between all voxel axes, as a turned plane and an image on a grid of its own are read.
fn trilinear(plane: texture_3d<f32>, fold: Fold, extent: vec3i, position: vec3f) -> f32 {
    let base = vec3i(floor(position));
    let fraction = position - floor(position);
    let lower = layer_of(plane, fold, extent, base, fraction.xy);
    return mix(lower, layer_of(plane, fold, extent, base + vec3i(0, 0, 1), fraction.xy), fraction.z);
}

fn nearest(position: vec3f) -> vec3i {
    return vec3i(floor(position + 0.5));
}

fn in_plane(position: vec3f) -> f32 {
    if INTERPOLATE {
        return trilinear(image, view.fold, view.extent.xyz, position);
    }
    return intensity(nearest(position));
}

// What lies outside the volume is left out; the plane itself is inside.
fn through_turned_slab(position: vec3f) -> f32 {
    let slab = view.slab_and_map.xy;
    var value = in_plane(position);
    var count = 1.0;
    for (var sample = slab.x; sample <= slab.y; sample++) {
        let there = position + f32(sample) * view.slab_step.xyz;
        if sample == 0 || !inside(nearest(there)) {
            continue;
        }
        let next = in_plane(there);
        if SLAB_MAX {
            value = max(value, next);
        } else if SLAB_MIN {
            value = min(value, next);
        } else {
            value += next;
            count += 1.0;
        }
    }
    return value / count;
}

fn in_slice(position: vec3f, voxel: vec3i) -> f32 {
    if INTERPOLATE {
        return interpolated(position);
    }
    return intensity(voxel);
}

// The slab never reaches beyond the volume.
fn through_slab(position: vec3f, voxel: vec3i) -> f32 {
    let normal = vec3i(1) - view.right.xyz - view.down.xyz;
    let slab = view.slab_and_map.xy;
    let start = slab.x * normal;
    var value = in_slice(position + vec3f(start), voxel + start);
    for (var slice = slab.x + 1; slice <= slab.y; slice++) {
        let step = slice * normal;
        let next = in_slice(position + vec3f(step), voxel + step);
        if SLAB_MAX {
            value = max(value, next);
        } else if SLAB_MIN {
            value = min(value, next);
        } else {
            value += next;
        }
    }
    if SLAB_MEAN {
        value /= f32(slab.y - slab.x + 1);
    }
    return value;
}

fn grey(position: vec3f, voxel: vec3i) -> f32 {
    var value: f32;
    let thick = SLAB_MAX || SLAB_MIN || SLAB_MEAN;
    if OBLIQUE && thick {
        value = through_turned_slab(position);
    } else if OBLIQUE {
        value = in_plane(position);
    } else if thick {
        value = through_slab(position, voxel);
    } else {
        value = in_slice(position, voxel);
    }
    let window = view.contour_and_window.zw;
    return clamp((value - window.x) * window.y, 0.0, 1.0);
}

// Of the shown slice alone, also in a slab.
fn with_overlay(under: vec3f, place: vec2f) -> vec3f {
    let position = position_in(view.overlay_sheet, place);
    let nearest = floor(position + 0.5);
    // Compared as floats, because what lies too far away fits no integer.
    if !(all(nearest >= vec3f(0.0)) && all(nearest < vec3f(view.overlay_extent.xyz))) {
        return under;
    }
    var value: f32;
    if INTERPOLATE {
        value = trilinear(overlay, view.overlay_fold, view.overlay_extent.xyz, position);
    } else {
        value = value_of(overlay, view.overlay_fold, view.overlay_extent.xyz, vec3i(nearest));
    }
    let share = (value - view.overlay_window.x) * view.overlay_window.y;
    if share <= OVERLAY_HIDDEN {
        return under;
    }
    let entry = min(share, 1.0) * f32(OVERLAY_LAST_COLOUR);
    let row = u32(view.slab_and_map.z);
    let lower = textureLoad(colours, vec2u(u32(entry), row), 0).rgb;
    let upper = textureLoad(colours, vec2u(min(u32(entry) + 1u, OVERLAY_LAST_COLOUR), row), 0).rgb;
    return mix(under, mix(lower, upper, fract(entry)), view.overlay_window.z);
}

// The class of a voxel as far as contours see it: outside the volume there is background.
fn class_in(plane: texture_3d<u32>, voxel: vec3i) -> u32 {
    if inside(voxel) {
        return textureLoad(plane, texel(voxel), 0).x;
    }
    return 0u;
}

// Outside the volume counts as known, so that a completed slice has no frame.
fn is_known(voxel: vec3i) -> bool {
    return !inside(voxel) || textureLoad(label_origin, texel(voxel), 0).x != 0u;
}

// The voxels at left, right, above and below, and whether this pixel is within a contour's thickness of them.
struct Around {
    left: vec3i,
    right: vec3i,
    above: vec3i,
    below: vec3i,
    near: vec4<bool>,
}

fn around(position: vec3f, voxel: vec3i) -> Around {
    if OBLIQUE {
        let across = view.contour_and_window.x * view.sheet.across.xyz;
        let along = view.contour_and_window.y * view.sheet.along.xyz;
        return Around(
            nearest(position - across),
            nearest(position + across),
            nearest(position - along),
            nearest(position + along),
            vec4<bool>(true),
        );
    }
    let right = view.right.xyz;
    let down = view.down.xyz;
    return Around(voxel - right, voxel + right, voxel - down, voxel + down, near_neighbours(position, voxel));
}

// In the order left, right, above, below.
fn near_neighbours(position: vec3f, voxel: vec3i) -> vec4<bool> {
    let offset = position - vec3f(voxel);
    let place = vec2f(dot(offset, vec3f(view.right.xyz)), dot(offset, vec3f(view.down.xyz)));
    let room = vec2f(0.5) - view.contour_and_window.xy;
    return vec4<bool>((place.x < -room.x), (place.x > room.x), (place.y < -room.y), (place.y > room.y));
}

fn on_class_contour(plane: texture_3d<u32>, voxel: vec3i, beside: Around) -> bool {
    let class_here = class_in(plane, voxel);
    let differs = vec4<bool>(
        class_in(plane, beside.left) != class_here,
        class_in(plane, beside.right) != class_here,
        class_in(plane, beside.above) != class_here,
        class_in(plane, beside.below) != class_here,
    );
    return any(beside.near & differs);
}

fn on_known_contour(beside: Around) -> bool {
    let unknown = vec4<bool>(
        !is_known(beside.left),
        !is_known(beside.right),
        !is_known(beside.above),
        !is_known(beside.below),
    );
    return any(beside.near & unknown);
}

fn label_colour(class_id: u32) -> vec4f {
    return textureLoad(colours, vec2u(class_id, LABEL_ROW), 0);
}

fn pseudo_colour(voxel: vec3i) -> vec4f {
    let class_id = textureLoad(pseudo_class, texel(voxel), 0).x;
    let first = textureLoad(first_value, texel(voxel), 0).x;
    if DIFFERENCE {
        let second = textureLoad(second_value, texel(voxel), 0).x;
        return textureLoad(colours, vec2u((255u + second - first) / 2u, class_id), 0);
    }
    let upper = textureLoad(colours, vec2u(first, class_id), 0);
    if TWO_AXES {
        let second = textureLoad(second_value, texel(voxel), 0).x;
        let lower = textureLoad(colours, vec2u(first, UNLIKE_ROW + class_id), 0);
        let likeness = f32(second) / 255.0;
        var colour = mix(lower, upper, likeness * (2.0 - likeness));
        let least = textureLoad(colours, vec2u(first, FADED_ROW), 0);
        if least.a > 0.5 && likeness > least.r - 0.5 / 255.0 {
            colour.a *= TRUSTED_WEIGHT;
        }
        return colour;
    }
    return upper;
}

fn with_pseudo(under: vec3f, voxel: vec3i) -> vec3f {
    let colour = pseudo_colour(voxel);
    return mix(under, colour.rgb, colour.a * view.opacities.y);
}

// Whether a dashed contour is drawn there.
fn is_dash(voxel: vec3i) -> bool {
    return (voxel.x + 2 * voxel.y + 4 * voxel.z) % 7 < 4;
}

fn on_network_contour(plane: texture_3d<u32>, voxel: vec3i, beside: Around) -> bool {
    let class_id = textureLoad(plane, texel(voxel), 0).x;
    return class_id != 0u && label_colour(class_id).a > 0.0 && on_class_contour(plane, voxel, beside);
}

fn with_contours(under: vec3f, voxel: vec3i, beside: Around) -> vec3f {
    let a = CONTOUR_A && on_network_contour(class_a, voxel, beside);
    let b = CONTOUR_B && on_network_contour(class_b, voxel, beside);
    var colour = under;
    if a && b {
        colour = NETWORKS_AGREE;
    } else if CONTOUR_FUSED && is_dash(voxel) && on_network_contour(pseudo_class, voxel, beside) {
        colour = FUSED;
    } else if a {
        colour = NETWORK_A;
    } else if b {
        colour = NETWORK_B;
    }
    return mix(under, colour, view.opacities.z);
}

// Foreground as fill or contour; known background as a contour against what nobody labelled.
fn with_labels(under: vec3f, voxel: vec3i, beside: Around) -> vec3f {
    let class_id = textureLoad(label_class, texel(voxel), 0).x;
    var opacity = 0.0;
    if class_id == 0u {
        opacity = f32(on_known_contour(beside));
    } else if LABEL_CONTOURS {
        opacity = f32(on_class_contour(label_class, voxel, beside));
    } else {
        opacity = view.opacities.x;
    }
    let colour = label_colour(class_id);
    return mix(under, colour.rgb, colour.a * opacity);
}

// The picture as sRGB-encoded values; layers are mixed in this encoding.
fn compose(place: vec2f) -> vec3f {
    let position = position_in(view.sheet, place);
    let voxel = nearest(position);
    if !inside(voxel) {
        return vec3f(0.0);
    }
    var colour = vec3f(grey(position, voxel));
    if OVERLAY {
        colour = with_overlay(colour, place);
    }
    let beside = around(position, voxel);
    let labelled = LABELS && textureLoad(label_origin, texel(voxel), 0).x != 0u;
    if PSEUDO && !labelled {
        colour = with_pseudo(colour, voxel);
    }
    if CONTOUR_A || CONTOUR_B || CONTOUR_FUSED {
        colour = with_contours(colour, voxel, beside);
    }
    if labelled {
        colour = with_labels(colour, voxel, beside);
    }
    return colour;
}

// For targets that store what they are given.
@fragment
fn encoded(corner: Corner) -> @location(0) vec4f {
    return vec4f(compose(corner.place), 1.0);
}

// For sRGB targets, which encode what they are given.
@fragment
fn linear(corner: Corner) -> @location(0) vec4f {
    let c = compose(corner.place);
    let dark = c / 12.92;
    let bright = pow((c + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(bright, dark, c <= vec3f(0.04045)), 1.0);
}
