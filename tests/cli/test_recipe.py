"""``nst recipe``."""


def test_recipe_of_a_picture_without_one(nst, pair):
    done = nst("recipe", "content.png")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
