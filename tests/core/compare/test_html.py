"""The report as one HTML page."""

import PIL.Image
from comparison_samples import measurement, report, step

from nst_core.compare.html import render


def test_html_escapes_everything_and_needs_no_other_file(tmp_path):
    evil = "<script>alert('\"&')</script>"
    measured = (measurement(evil), measurement("b", preset=evil, steps=(step(1),)))
    whole = report(*measured, content="<script>.png")
    for name in ("sheet", "losses", "result-0", "result-1"):
        PIL.Image.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
    text = render(whole, pictures=tmp_path)
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#39;&#34;&amp;&#39;)&lt;/script&gt;" in text
    assert "&lt;recipe&gt;" in text
    assert text.count('src="data:image/png;base64,') == 4
    assert text.count("src=") == 4
    assert "http" not in text.partition("</style>")[2]
