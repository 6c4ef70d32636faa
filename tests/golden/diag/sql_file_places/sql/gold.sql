SELECT status, /* ünterwegs
 */ count(*) AS n, sum(prize) AS total
FROM bronze
GROUP BY status
