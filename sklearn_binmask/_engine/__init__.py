"""The engine: masked networks on plain arrays.

It takes frozen records of numpy arrays and returns frozen records of numpy arrays; it
knows neither estimators nor data frames. torch is imported here and nowhere else.
"""
