"""The read side: what pages and the API show, each number once, as JSON-ready data.

Returns, drawdowns, volatilities and shares are percent points in every answer (15.2 is 15.2 %);
money is money; ratios are ratios. What is undefined is None, and zero stays zero.
"""
