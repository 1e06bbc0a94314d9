"""The only room that opens files: readers return types, writers take types, nothing here decides or computes.

Reading checks what it reads and raises `DataError` with the file, the value found and the value expected. Writing goes
beside and renames (`atomic`). Names on disk stand in `names`.
"""
