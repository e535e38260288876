from crackdemo.ui.uploads import uploads_of


def test_uploads_keep_the_visitors_names_and_equal_ones_are_numbered() -> None:
    files = [{"path": f"/cache/{n}/ab.jpg", "orig_name": "a#b.jpg"} for n in range(2)]
    found = uploads_of([*files, {"path": "/cache/c.jpg"}])
    assert [upload.name for upload in found] == ["a#b.jpg", "a#b (2).jpg", "c.jpg"]
    assert [str(upload.path) for upload in found][:2] == ["/cache/0/ab.jpg", "/cache/1/ab.jpg"]


def test_a_name_that_is_no_text_is_made_one_that_a_page_can_show() -> None:
    (found,) = uploads_of([{"path": "/cache/a.jpg", "orig_name": "a\ud800.jpg"}])
    assert found.name == "a\ufffd.jpg"
