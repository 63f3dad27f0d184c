"""The help centre: articles in several languages, how they are written and published, found and read.

Beside the tickets and knowing nothing of them: their pages take articles by address.
"""
