import asyncio
import errno
import os
from html import unescape

import gradio as gr
import pytest

from crackdemo.errors import CrackdemoError, DatasetError, PresetError
from crackdemo.ui.refusals import SayingBlocks, fault, literal, said


def test_a_refusal_is_said_in_its_own_words() -> None:
    with pytest.raises(gr.Error) as shown, said():
        raise PresetError("The preset is gone: load another.")
    assert shown.value.message == "The preset is gone: load another."


def test_a_full_disk_is_said_and_what_to_do() -> None:
    with pytest.raises(gr.Error, match=r"No space left on device\): free some space"), said():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/path/of/the/server")


def test_a_disk_says_no_path_of_the_server() -> None:
    with pytest.raises(gr.Error) as shown, said():
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), "/a/path/of/the/server")
    assert "/a/path" not in shown.value.message


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (KeyError("/a/path/of/the/server"), "The server could not do it"),
        (PresetError("The preset is gone: load another."), "The preset is gone"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "free some space"),
        (gr.Error("No.", print_exception=False), "No."),
    ],
)
def test_no_event_fails_without_a_word(failure: Exception, told: str) -> None:
    def fail(number: float) -> None:
        raise failure

    with SayingBlocks() as page:
        gr.Button().click(fail, gr.Number(), None)
    with pytest.raises(gr.Error, match=told) as shown:
        asyncio.run(page.process_api(0, [1]))
    assert "/a/path" not in shown.value.message
    with pytest.raises(gr.Error, match="not of the kind"):
        asyncio.run(page.process_api(0, []))


def test_a_disk_that_gives_no_reason_is_said_all_the_same() -> None:
    with pytest.raises(gr.Error, match=r"could not be written whole\): free some space"), said():
        raise OSError("72 requested and 0 written")


def test_a_mistake_in_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), said():
        raise ZeroDivisionError


def test_half_a_letter_in_a_name_can_still_be_shown() -> None:
    assert str(CrackdemoError("“a\ud800b.jpg” is gone.")) == "“a�b.jpg” is gone."


def test_what_is_shown_as_it_stands_has_no_markup() -> None:
    told = literal("1. <b>*a* [c](d) `e` $f$ g_h www.i.org j@k: “m.png” & |")
    assert unescape(told) == "1. <b>*a* [c](d) `e` $f$ g_h www.i.org j@k: “m.png” & |"
    assert not set("<>*[`$_@|") & set(told) and "www." not in told and told[0] == "&"
    assert literal("“b.png” is empty.") == "“b.png” is empty."
    assert fault(DatasetError("<b>")) == "<span class='fault'>⚠️ &#60;b&#62;</span>"
