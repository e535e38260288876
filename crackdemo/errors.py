"""What can be refused. Each error's text is for the person: what, why, and what to do."""

import json
from typing import Any

_LONGEST = 60


class CrackdemoError(ValueError):
    """Something that a person gave or asked for cannot be had; its text is whole sentences."""

    def __init__(self, text: str) -> None:
        super().__init__(legible(text))


class PhotoError(CrackdemoError):
    """A file is no photo or mask that can be used; the text begins with its name."""


class MaskError(CrackdemoError):
    """A text is no run-length mask of the size asked for."""


class SourceError(CrackdemoError):
    """A given path leads to no photos."""


class FolderError(CrackdemoError):
    """Nothing can be written to a folder."""


class ConfigError(CrackdemoError):
    """A setting is unknown, of the wrong kind or out of its range."""


class PresetError(CrackdemoError):
    """A file of settings cannot be used."""


class CheckpointError(CrackdemoError):
    """A checkpoint folder is broken or of a kind that this version does not know."""


class WeightsError(CrackdemoError):
    """There are no such weights, or they may not be used."""


class ExportError(CrackdemoError):
    """Weights could not be written for other programs, or these see something else in them."""


class HubError(WeightsError):
    """The Hugging Face Hub did not give or take a checkpoint."""


class DatasetError(CrackdemoError):
    """Photos cannot be fitted or evaluated on."""


class PredictError(CrackdemoError):
    """Many photos cannot be begun."""


class SurveyError(CrackdemoError):
    """A survey cannot begin or go on."""


class SubmissionError(CrackdemoError):
    """A submission cannot be written as asked for."""


class RunError(CrackdemoError):
    """A run does not exist, or what was asked for cannot be done with it now."""


class FitError(CrackdemoError):
    """A fit cannot begin or go on."""


class LossError(FitError):
    """The loss is no longer a number; the epochs before are as they were."""


class BusyError(CrackdemoError):
    """A limit on what may be asked for at once, or in a while, is reached; the text names it."""


class Stopped(Exception):
    """A person ended what was running: nothing is wrong, and nothing is said."""


def after(sentence: str) -> str:
    """A sentence that follows another one; empty where there is none."""
    return f" {sentence}" if sentence else ""


def shortened(name: str) -> str:
    """At most 60 letters of what a person wrote, to stand in a sentence."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def legible(name: str) -> str:
    """With a sign for each half character that no page and no file of text can hold."""
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_legible(values: Any) -> bool:
    """Whether all the letters in JSON values are whole."""
    try:
        json.dumps(values, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
