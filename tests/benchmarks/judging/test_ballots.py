"""Blind choices: what is asked, what is kept, and what the server says to whom."""

import json
import threading
from http.client import HTTPConnection
from pathlib import Path

import PIL.Image
import pytest


@pytest.fixture
def painted(modules, tmp_path):
    """Two pairs of pictures by three painters, of which one painted only the first pair."""
    from judging.exhibits import exhibits

    for name in ("a", "b", "style"):
        PIL.Image.new("RGB", (4, 4), "red").save(tmp_path / f"{name}.png")
    for painter, names in (("best", "ab"), ("peer", "ab"), ("third", "a")):
        (tmp_path / "out" / painter).mkdir(parents=True)
        for name in names:
            path = tmp_path / "out" / painter / f"{name}--style.png"
            PIL.Image.new("RGB", (4, 4), "blue").save(path)
    contents = [tmp_path / "a.png", tmp_path / "b.png"]
    return list(exhibits(contents, [tmp_path / "style.png"], [tmp_path / "out"]))


@pytest.fixture
def ballots(painted, tmp_path):
    from judging.ballots import Ballots

    return Ballots(painted, tmp_path / "votes.jsonl")


def test_all_painters_of_a_pair_meet_each_other(ballots):
    met = set()
    for _ in range(4):
        question = ballots.question()
        assert question["of"] == 4
        left, right = (ballots.file(question[side]) for side in ("left", "right"))
        assert left.name == right.name
        met.add((left.stem, *sorted((left.parent.name, right.parent.name))))
    assert met == {
        ("a--style", "best", "peer"), ("a--style", "best", "third"), ("a--style", "peer", "third"),
        ("b--style", "best", "peer"),
    }  # fmt: skip
    assert ballots.question()["number"] == 5, "after the last question comes the first"


def test_a_page_can_not_see_who_painted(ballots):
    question = ballots.question()
    assert not any(name in json.dumps(question) for name in ("best", "peer", "third", ".png"))


def test_votes_are_kept_and_counted(ballots, tmp_path):
    from judging.ballots import tally

    for choose in (lambda q, side: side, lambda q, side: side, lambda q, side: "equal"):
        question = ballots.question()
        best = [side for side in ("left", "right") if "best" in str(ballots.file(question[side]))]
        assert ballots.answer(question["id"], choose(question, *best) if best else "left")
        assert not ballots.answer(question["id"], "left"), "a question is answered once"
    question = ballots.question()
    assert not ballots.answer(question["id"], "both")
    assert not ballots.answer("unknown", "left")
    assert not ballots.answer(None, "left")
    votes = [json.loads(line) for line in (tmp_path / "votes.jsonl").read_text().splitlines()]
    assert len(votes) == 3
    assert set(votes[0]) == {"pair", "left", "right", "choice"}
    (tmp_path / "votes.jsonl").write_text(
        "".join(
            json.dumps({"left": left, "right": right, "choice": choice}) + "\n"
            for left, right, choice in (
                ("best", "peer", "left"), ("peer", "best", "right"), ("peer", "best", "left"),
                ("best", "peer", "equal"),
            )
        )
    )  # fmt: skip
    assert tally(tmp_path / "votes.jsonl").splitlines()[-1] == "| best | peer | 2 | 1 | 1 |"


def test_what_can_not_be_asked_is_said_in_one_line(modules, painted, tmp_path):
    from judging.ballots import Ballots, read_index, tally

    with pytest.raises(SystemExit, match="two painters"):
        Ballots(painted[:1], tmp_path / "votes.jsonl")
    with pytest.raises(SystemExit, match=r"exhibits\.json"):
        read_index(tmp_path / "exhibits.json")
    (tmp_path / "votes.jsonl").write_text("{}\n")
    with pytest.raises(SystemExit, match=r"votes\.jsonl"):
        tally(tmp_path / "votes.jsonl")


def test_the_server_of_the_page(ballots, tmp_path):
    import vote

    server = vote.serve(ballots, port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def ask(method, path, body=None, **headers):
        connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        found = reply.status, reply.read(), reply.getheader("Content-Type")
        connection.close()
        return found

    json_type = {"Content-Type": "application/json"}
    try:
        assert server.server_address[0] == "127.0.0.1"
        assert b"Which painting would you hang?" in ask("GET", "/")[1]
        question = json.loads(ask("GET", "/question")[1])
        status, body, kind = ask("GET", question["left"])
        assert (status, kind) == (200, "image/png")
        assert body == ballots.file(question["left"]).read_bytes()
        assert ask("GET", "/picture/../a.png")[0] == 404
        assert ask("GET", "/", Host="evil.example:80")[0] == 403
        answer = json.dumps({"id": question["id"], "choice": "left"})
        assert ask("POST", "/vote", answer)[0] == 400, "a form of another page is no JSON"
        assert ask("POST", "/vote", "x" * 2000, **json_type)[0] == 400
        assert ask("POST", "/vote", "[1", **json_type)[0] == 400
        assert ask("POST", "/vote", answer, Host="evil.example", **json_type)[0] == 403
        assert not (tmp_path / "votes.jsonl").exists()
        assert ask("POST", "/vote", answer, **json_type)[0] == 200
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert len((tmp_path / "votes.jsonl").read_text().splitlines()) == 1


def test_the_page_needs_nothing_from_elsewhere(benchmarks):
    page = Path(benchmarks / "judging" / "ballot.html").read_text()
    assert "http" not in page
