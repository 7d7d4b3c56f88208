-- Run once, when the data folder is empty: the audit's own database (bwc) is made by the image, Prefect's by this line.
CREATE DATABASE prefect;
