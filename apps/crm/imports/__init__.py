"""CSV files of another system become clients, services, invoices, lines and payments.

`mapping` says which column fills which field, `table` reads the files, `loading` writes the good rows and names
the others.
"""
