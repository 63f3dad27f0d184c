"""Full-text search: what is kept of a message, and which tickets a query finds.

Words and queries are understood by `people.finding`, alike for everything that is searched.

`index` rows and re-indexing | `operators` conditions within a search | `ways` terms -> tickets, newest first
`rank` what counts, and how much | `ranked` the best of the newest | `cursor` where the next page begins
`finder` a page of tickets | `snippet` why a ticket was found
"""
