"""Full-text search: what a word becomes in the index, what a query becomes, and which tickets it finds.

`words` one word -> lexemes | `text` a message -> its search document | `index` rows and re-indexing
`query` what a person typed -> terms | `finder` terms -> a page of tickets | `snippet` why a ticket was found
"""
