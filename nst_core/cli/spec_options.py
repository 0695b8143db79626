"""Options that replace a value of the spec or of the ``[run]`` table.

``config_table.from_options`` turns their values into the table of a config file. Their values are
checked there, and by the spec, in the same way as those of a config file.
"""

from __future__ import annotations

from nst_core.cli.option_group import Options, flag

SIZES: Options = {
    "--size": {
        "metavar": "SIZE[,...]",
        "help": "Size of the result in pixels: HxW, N (longest side) or short:N (shortest side); "
        "or relative to the content: original, or 50%. One per stage.",
    },
    "--init": {
        "metavar": "content|content-recoloured|noise|style-colours|FILE",
        "help": "Image to start from. content-recoloured: the content moved to the colours of the "
        "style. style-colours: noise in those colours.",
    },
    "--init-noise": {
        "type": float,
        "metavar": "X",
        "help": "Share of noise in the image to start from, 0 to 1.",
    },
    "--seed": {
        "type": int,
        "metavar": "N",
        "help": "Seed of what is random in the image to start from.",
    },
}
"""Belongs to the group of the pictures."""

ALGORITHM: Options = {
    "--steps": {"metavar": "N[,...]", "help": "Number of steps; one per stage."},
    "--pyramid": {
        "metavar": "FROM:TO[:FACTOR]",
        "help": "Stages from small to large, for example 128:512; each is FACTOR times as large as "
        "the one before.  [default: 1.41]",
    },
    "--optimiser": {
        "metavar": "adam|lbfgs",
        "help": "Optimiser. If the preset has another one, its settings don't apply.",
    },
    "--variables": {
        "metavar": "pixels|laplacian",
        "help": "What the optimiser moves: pixels, or the levels of the image's Laplacian pyramid.",
    },
    "--lr": {"type": float, "metavar": "X", "help": "Learning rate of the first step."},
    "--carry-state/--no-carry-state": {
        "default": None,
        "help": "Whether Adam's moments are resized and kept from one stage to the next.",
    },
    "--average": {
        "type": float,
        "metavar": "X",
        "help": "Exponential moving average of the images as the result; the value is the decay, "
        "for example 0.99.",
    },
    "--content-weight": {"type": float, "metavar": "X", "help": "Weight of the content loss."},
    "--content-layers": {
        "metavar": "TAP[=X],...",
        "help": "Layers of the content loss and their weights, for example relu4_2 or "
        "conv4_2=0.5,25.",
    },
    "--content-distance": {
        "metavar": "mse|scaled",
        "help": "Mean squared error (mse), or divided by the size of its gradient (scaled), so "
        "that weights act alike at any size.",
    },
    "--tv-weight": {
        "type": float,
        "metavar": "X",
        "help": "Weight of the total variation loss, which smooths the result.",
    },
    "--pooling": {"metavar": "max|average", "help": "Pooling of the network."},
    "--padding": {
        "metavar": "zero|replicate",
        "help": "What the first convolution sees beyond the edge: the mean colour (zero), or the "
        "pixels at the edge.",
    },
}

STYLE: Options = {
    "--strength": {
        "type": float,
        "metavar": "X",
        "help": "From 0, the content is kept, to 1, the style is taken; 0.5 is the preset as it "
        "is. Only for presets of nst itself.",
    },
    "--style-weight": {"type": float, "metavar": "X", "help": "Weight of the style loss."},
    "--style-layers": {
        "metavar": "TAP[=X],...",
        "help": "Layers of the style loss and their weights, for example "
        "relu1_1,relu2_1=0.2,conv5_1.",
    },
    "--style-distance": {
        "metavar": "mse|scaled",
        "help": "As --content-distance, for the style.",
    },
    "--statistics": {
        "metavar": "gram|wasserstein|sliced-wasserstein",
        "help": "What is compared of the style: Gram matrices; means and covariances (by the "
        "Wasserstein distance); or features projected on random directions and sorted.",
    },
    "--neighbours-layers": {
        "metavar": "TAP[=X],...",
        "help": "Layers at which each place is also compared with its nearest neighbour in the "
        "style, and their weights.",
    },
    "--neighbours-weight": {
        "type": float,
        "metavar": "X",
        "help": "Weight of the nearest neighbours' loss.",
    },
    "--style-blend": {
        "metavar": "X,...",
        "help": "Weights of several styles, for example 3,1. Without it they are equal.",
    },
    "--style-scale": {
        "type": float,
        "metavar": "X",
        "help": "Size of the style pictures relative to the content. Above 1, strokes are larger.",
    },
    "--style-size": {
        "metavar": "SIZE",
        "help": "Size of the style pictures in the last stage, as --size; original and 50% are "
        "relative to each style's own size. Without it, as --size.",
    },
}

COLOURS: Options = {
    "--colors": {
        "metavar": "style|content|match|oklab",
        "help": "Colours of the result: the style's; the content's; the style's after matching "
        "them to the content's (match); or the content's after matching them to the style's "
        "(oklab). Without it the style's, but grey if all pictures are grey.",
    },
    "--alpha": {
        "metavar": "over-white|leave-out",
        "help": "Transparent parts of content and style: laid over white, or left out of all "
        "losses.  [default: over-white]",
    },
}

REGIONS: Options = {
    "--content-mask": {
        "metavar": "FILE",
        "help": "Label picture with one flat colour per region. Each region gets its own style.",
    },
    "--style-mask": {
        "metavar": "FILE",
        "multiple": True,
        "help": "Label picture of a style: a region takes its style from the same colour. Once "
        "per style.",
    },
}

COMPUTATION: Options = {
    "--backend": {
        "metavar": "NAME",
        "help": "Framework; see `nst backends`.  [default: pytorch]",
    },
    "--weights": {
        "metavar": "SOURCE",
        "help": "Weights of VGG-19; see `nst weights list`.  [default: bundled]",
    },
    "--device": {
        "metavar": "auto|cpu|cuda[:N]|mps",
        "help": "Where to compute. auto: on a GPU if there is one.  [default: auto]",
    },
    "--dtype": {
        "metavar": "float32|float64",
        "help": "Floating-point type of all computations.  [default: float32]",
    },
    "--conv": {
        "metavar": "auto|direct|winograd",
        "help": "Algorithm of the convolutions.  [default: auto]",
    },
    "--precision": {
        "metavar": "auto|float32|tf32|bf16",
        "help": "What float32 values are rounded to in the convolutions.  [default: auto]",
    },
    "--checkpointing/--no-checkpointing": {
        "default": None,
        "help": "Take less memory and more time: compute activations again instead of storing "
        "them.",
    },
}

FILE_CONTENT: Options = {
    "--bits": {
        "type": int,
        "metavar": "8|16",
        "help": "Bits per channel; 16 only in PNG and TIFF.  [default: 8]",
    },
    "--dpi": {"type": float, "metavar": "N", "help": "Dots per inch, written into the file."},
    "--keep-alpha": flag("Keep the content's transparency (PNG, WebP, TIFF)."),
    "--keep-exif": flag("Keep the content's date, camera, artist and copyright."),
}
"""Belongs to the group of the output."""
