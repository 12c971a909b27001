"""The pipeline for customers' data: take a batch in, judge its rows, add what is known already, sort it into segments."""
