"""What viewers of a result show, and what a person says in them: pictures, colours, tails of tracks, rows of edits.

Windows and servers are opened in `stages`; here is what they draw and answer. Knows no file.
"""
