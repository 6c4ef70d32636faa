SELECT id FROM STREAM(orders)
WHERE price > :least
