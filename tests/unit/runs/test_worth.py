from dataclasses import replace

from crackdemo.runs.quality import Quality
from crackdemo.runs.worth import worth_sentences


def test_a_finished_fit_ends_in_a_sentence_beside_the_shipped_weights() -> None:
    own = Quality("street", 0.84, 0.8, 0.003, 2, 40)
    worse = Quality("cae-asphalt", 0.6, 0.7, 0.02, 5, 40)
    first, second = worth_sentences((own, worse))
    assert "finds 84 % of painted cracks, marks 0.3 % of sound surface" in first
    assert "takes 2 of 40 sound pieces for cracked" in first
    assert "same pieces cae-asphalt finds 60 %, marks 2.0 %, and takes 5 for cracked." in second
    assert "These weights are the better ones" in second
    [_, turned] = worth_sentences((worse, own))
    assert "street is still better" in turned
    [_, even] = worth_sentences((own, own))
    assert "no telling" in even and "the shipped street finds" in even
    alarmed = replace(own, called=worse.called + 4)
    [_, mixed] = worth_sentences((alarmed, worse))
    assert "draw cracks better" in mixed and "more sound photos cracked" in mixed
    few = (replace(own, tiles=9), replace(worse, tiles=9))
    assert "do not tell which is better" in worth_sentences(few)[1]
    assert worth_sentences(()) == []
