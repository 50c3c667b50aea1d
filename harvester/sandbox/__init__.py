"""A pretend Amazon: Login with Amazon and the Ads API over one stateful market, for demos, tests and benchmarks."""
