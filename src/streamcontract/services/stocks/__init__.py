"""Stocks: a live analysis of one symbol, as HTML fragments, and the page that shows them."""
