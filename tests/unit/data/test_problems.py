from crackdemo.data.problems import grouped


def test_sentences_of_one_reason_are_one() -> None:
    size = "and its mask differ in size: export the mask again."
    sizes = [f"“{i}.png” {size}" for i in range(12)]
    soft = [f"The mask of “{i}.png” has soft edges ({i}.5 % of its pixels)." for i in range(2)]
    empty = [f"road {name} is an empty file; copy it again." for name in ("a.JPG", "b b.tif")]
    assert grouped([sizes[0], *soft, *empty, *sizes[1:], "Else."]) == [
        f"“0.png” {size} (and 11 more)",
        "The mask of “0.png” has soft edges (0.5 % of its pixels). (and 1 more)",
        "road a.JPG is an empty file; copy it again. (and 1 more)",
        "Else.",
    ]
    assert grouped([]) == []
