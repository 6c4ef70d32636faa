SELECT id FROM STREAM(orders)
WHERE price > ${var.least}
