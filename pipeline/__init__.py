"""Message-driven work: intake, drain, deliver, and the clock behind them."""
