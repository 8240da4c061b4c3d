-- Patients one of whose contact numbers contains these digits. It only narrows: the caller decides on the numbers as
-- they are stored, because "06-10001001 (dochter)" and "0031 6 1000 1001" are the same number to nobody but a person.
-- parameter digits: last six digits of the number
-- column patient: patient number
-- column first_name: first name, NULL when never asked
-- column particle: tussenvoegsel, such as "van der"
-- column family_name: family name
-- column birth_year: year of birth, NULL when unknown; the birth date itself stays in the database
-- column arrears: J when bills are unpaid, else N
-- column telephone: the number as somebody typed it
select P.NUMMER as PATIENT, P.ROEPNAAM as FIRST_NAME, P.TUSSENVOEGSEL as PARTICLE, P.ACHTERNAAM as FAMILY_NAME,
  extract(year from P.GEBOORTEDATUM) as BIRTH_YEAR, P.BETALINGSACHTERSTAND as ARREARS, T.NUMMER as TELEPHONE
from TELEFOON T join PATIENT P on P.NUMMER = T.PATIENT
where replace(replace(replace(replace(replace(replace(replace(T.NUMMER,
    ' ', ''), '-', ''), '.', ''), '/', ''), '(', ''), ')', ''), _WIN1252 x'A0', '')
  like '%' || cast(:digits as varchar(20)) || '%'
