SELECT id,,
FROM STREAM(orders)
