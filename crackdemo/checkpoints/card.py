"""The model card that a checkpoint carries as its README.md."""

import json
from typing import Any

from crackdemo.checkpoints.checkpoint import CheckpointConfig
from crackdemo.detection.calibration import Calibration
from crackdemo.detection.heatmaps import FADING, HeatmapConfig
from crackdemo.detection.probability import ProbabilityConfig
from crackdemo.detection.saliency import SaliencyConfig
from crackdemo.models.families import family_named

LICENCES = {
    "metu": "CC BY 4.0: Özgenel, Concrete Crack Images for Classification, "
    "doi 10.17632/5y9wdsg2zt.2",
    "sut_crack": "CC BY 4.0: SUT-Crack, doi 10.17632/gsbmknrhkv.6",
    "cracksc": "MIT: CrackSC, Copyright (c) 2022 Feng Guo",
}
"""Of the data sets that the shipped weights were fitted on."""


def model_card(config: CheckpointConfig, command: str = "") -> str:
    """Markdown with the Hub's front matter: what, from which data, how good, which limits."""
    training = config.training
    sections = [
        _front_matter(config),
        f"# crackdemo {family_named(config.family).description}\n\n{_purpose(config)}",
        f"## Data\n\n{_data(training)}\n\n{_labels(config)}",
        f"## How it was made\n\n{_how(training, command)}",
        f"## Measured\n\n{_table(config.metrics)}",
        f"## Limits\n\n{_limits(config)}",
    ]
    return "\n\n".join(sections) + "\n"


_CAUTION = (
    "look at a few of your own photos before you rely on a number, and do not use it alone where "
    "safety depends on it."
)


def _labels(config: CheckpointConfig) -> str:
    """What of the data was learnt from."""
    if isinstance(config.heatmap, ProbabilityConfig):
        return "It was trained on the masks of these photos, drawn by people: supervised."
    if isinstance(config.heatmap, SaliencyConfig):
        return "It was trained on labels of whole photos, crack or no crack: supervised."
    return (
        "Masks, where there are any, only served to cut crack-free tiles: no crack label was "
        "trained on."
    )


def _limits(config: CheckpointConfig) -> str:
    if isinstance(config.heatmap, ProbabilityConfig):
        return (
            "It marks what looks like what people marked in its training photos, as wide as they "
            "drew it. On other surfaces, at other distances or with another idea of what a crack "
            f"is, it may be worse than weights that saw no label: {_CAUTION}"
        )
    if isinstance(config.heatmap, SaliencyConfig):
        return (
            "It says of photos, or of their parts, whether they show a crack like those of its "
            "training photos. Its heatmap shows where the network looks, not the crack's outline: "
            "lengths and widths from it are rough. On other surfaces, at other distances or with "
            f"joints and shadows that it has not seen, it may be wrong: {_CAUTION}"
        )
    return (
        "It marks what is darker than sound pavement and shaped like a crack. Bright, sand-filled "
        "cracks are missed, and cracks as straight and even as a joint; joints, kerbs, cables and "
        "sharp shadow edges may be marked. Settings "
        f"were calibrated without crack labels, on the data above; {_CAUTION}"
    )


def _front_matter(config: CheckpointConfig) -> str:
    task, kind = "image-segmentation", "anomaly-detection, autoencoder"
    if isinstance(config.heatmap, ProbabilityConfig):
        kind = "segmentation"
    elif isinstance(config.heatmap, SaliencyConfig):
        task, kind = "image-classification", "classification, saliency"
    return (
        f"---\nlicense: apache-2.0\nlibrary_name: crackdemo\npipeline_tag: {task}\n"
        f"tags: [crack-detection, {kind}]\n---"
    )


def _purpose(config: CheckpointConfig) -> str:
    heat, calibration = config.heatmap, config.calibration
    if isinstance(heat, SaliencyConfig):
        return _looking(heat, calibration)
    means = _probable(heat) if isinstance(heat, ProbabilityConfig) else _rebuilt(config, heat)
    return (
        f"{means} {calibration.r0:.4g}. Score of a photo: {_score(calibration)}, cracked from "
        f"{calibration.score_threshold:.3f}."
    )


def _probable(heat: ProbabilityConfig) -> str:
    scales = ", ".join(f"{scale:g}" for scale in heat.scales)
    beside = ""
    if heat.evidence is not None:
        beside = " It sees the heatmap of a healing autoencoder beside the photo, which it holds."
    return (
        f"Says of each pixel how likely it is crack.{beside} Heatmap: its odds, by the mean "
        f"probability over the photo at scales {scales}; threshold 0.5 is the calibrated odds"
    )


def _looking(heat: SaliencyConfig, calibration: Calibration) -> str:
    methods = {
        "gradcam": f"Grad-CAM of level {heat.level}",
        "gradient": "gradient saliency",
        "smoothgrad": "SmoothGrad",
        "integrated": "integrated gradients",
    }
    return (
        f"Says of a photo whether it shows a crack, and of one that is larger than "
        f"{heat.tile_size} px part by part. Heatmap: where the network looks, by "
        f"{methods[heat.method]}; it is no outline of a crack. Threshold 0.5 is the saliency "
        f"{calibration.r0:.4g}, which hardly a pixel of crack-free photos reaches. Score of a "
        "photo: the probability of its likeliest part, cracked from "
        f"{calibration.score_threshold:.3f}."
    )


def _rebuilt(config: CheckpointConfig, heat: HeatmapConfig) -> str:
    scales = ", ".join(f"{scale:g}" for scale in heat.scales)
    weights = ":".join(f"{weight:g}" for weight in heat.weights)
    sharpened = ", sharpened by the full-size photo's own darkness" if heat.sharpened else ""
    if heat.confirmed and getattr(config.network, "crack_head", False):
        sharpened += " and by its crack head (geometric means)"
    gated = "" if heat.gate is None else ", each less where its own answer is dense"
    alone = "" if heat.lone is None else ", below 0.5 where it is weak and stands alone"
    coarser = ""
    if heat.coarser:
        above = FADING[0] / heat.coarser[0]
        coarser = f", on top of it at coarser ones where its sides have more than {above:g} px"
    return (
        "Rebuilds a photo of pavement or concrete without its cracks; what is missing is the "
        f"crack. Heatmap: {heat.residual} residual, blurred {heat.blur_sigma:g} px{sharpened}, "
        f"mean{f' ({weights})' if weights else ''} over the "
        f"photo at scales {scales}{coarser}{gated}{alone}; threshold 0.5 is the calibrated residual"
    )


def _score(calibration: Calibration) -> str:
    if calibration.score_top_share is None:
        return (
            f"how far its strongest crack, connected from {calibration.score_level:g} on, reaches "
            "and how hot that is"
        )
    return f"mean of its hottest {100 * calibration.score_top_share:g} % of pixels"


def _data(training: dict[str, Any]) -> str:
    own = training.get("data", [])
    if not own:
        return "Not recorded."
    before = [name for name in training.get("start_data", []) if name not in own]
    told = "By the weights that it started from:"
    return "\n\n".join([_sets(own), *([told, _sets(before)] if before else [])])


def _sets(names: list[str]) -> str:
    return "\n".join(f"- `{name}`: {LICENCES.get(name, 'the user’s own photos')}" for name in names)


def _how(training: dict[str, Any], command: str) -> str:
    facts = {
        key: value for key, value in training.items() if key not in ("fit", "data", "start_data")
    }
    lines = [f"- {key.replace('_', ' ')}: {value}" for key, value in facts.items()]
    recipe = json.dumps(training.get("fit", {}), indent=2)
    made = f"```\n{command}\n```\n\n" if command else ""
    return f"{made}{chr(10).join(lines)}\n\nThe fit's settings:\n\n```json\n{recipe}\n```"


def _table(metrics: dict[str, Any]) -> str:
    """Single figures, then a table of each confusion."""
    matrices = {name: value for name, value in metrics.items() if _is_matrix(value)}
    single = {name: value for name, value in metrics.items() if name not in matrices}
    rows = [f"| {name} | {_said(value)} |" for name, value in single.items()]
    figures = "\n".join(["| figure | value |", "|---|---|", *rows])
    return "\n\n".join([figures, *(_matrix(name, rows) for name, rows in matrices.items())])


def _is_matrix(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(row, dict) for row in value.values())


def _matrix(name: str, rows: dict[str, dict[str, Any]]) -> str:
    """Of a class' pixels (row) the share that was taken for each class (column)."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [
        "| " + " | ".join([truth, *(_said(row.get(column), "–") for column in columns)]) + " |"
        for truth, row in rows.items()
    ]
    head = "| " + " | ".join(["truth, taken for", *columns]) + " |"
    return "\n".join([f"{name}:", "", head, "|---" * (len(columns) + 1) + "|", *lines])


def _said(value: Any, none: str = "does not occur") -> str:
    if value is None:
        return none
    return f"{value:.4g}" if isinstance(value, float) else str(value)
