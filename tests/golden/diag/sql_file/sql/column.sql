-- what is dear
SELECT id,
       "ä" AS x, prise
FROM STREAM(orders)
