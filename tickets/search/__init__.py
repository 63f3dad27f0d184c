"""Full-text search: what is kept of a message, and which tickets a query finds.

Words and queries are understood by `people.finding`, alike for everything that is searched.

`index` rows and re-indexing | `operators` conditions within a search | `finder` terms -> a page of tickets
`snippet` why a ticket was found
"""
