"""What the records of the seam compute themselves."""

import numpy as np
import oracle_adam
import pytest

from nst_core.backend import Adam


@pytest.mark.parametrize("form", ["paper", "mxnet"])
@pytest.mark.parametrize("step", [1, 2, 50])
def test_bias_correction_is_the_oracles_update(form, step):
    first, second = np.array([1e-6, -2e-3, 0.5]), np.array([1e-12, 3e-7, 0.2])
    adam = Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_form=form)
    rate, divisor = adam.bias_correction(learning_rate=0.3, step=step)
    expected = oracle_adam.UPDATES[form](
        first, second, step=step, betas=(0.9, 0.999), learning_rate=0.3, epsilon=1e-8
    )
    found = rate * first / (np.sqrt(second) / divisor + 1e-8)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
