-- größe: the header
SELECT id,
	lowr(status) AS s, 'é' AS e, prcie
FROM STREAM(bronze)
