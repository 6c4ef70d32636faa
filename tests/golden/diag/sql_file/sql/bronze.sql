SELECT id, price
FROM STREAM(orders)
