"""Indexes: all that is needed to open a file on S3 at once, and to find its chunks.

format   how an index is written down, and what is refused when it is read
make     makes one by letting HDF5 read the file
store    where they are kept and looked up
"""
