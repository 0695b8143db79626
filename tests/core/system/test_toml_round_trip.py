"""Any table survives being written as TOML and read again."""

from hypothesis import given
from hypothesis import strategies as st

from nst_core.system import toml

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
leaves = st.one_of(st.integers(-(2**62), 2**62), st.floats(allow_nan=False), texts, st.booleans())
tables = st.recursive(
    st.dictionaries(texts, leaves, max_size=4),
    lambda inner: st.dictionaries(texts, st.one_of(leaves, inner, st.lists(inner)), max_size=4),
    max_leaves=12,
)


@given(tables)
def test_any_table_survives_toml(table):
    assert toml.loads(toml.dumps(table), origin="test") == table
