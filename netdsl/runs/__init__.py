"""Many runs: what run folders say of themselves, side by side, and sweeps that train them."""
