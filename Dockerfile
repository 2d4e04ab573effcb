# One image for every Airflow process and for the sandbox provider.
FROM python:3.12-slim

RUN useradd --uid 10001 --create-home huitou \
    && install --directory --owner huitou --group huitou /var/lib/huitou /var/lib/airflow

WORKDIR /opt/huitou

COPY requirements-servers.txt ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-servers.txt

COPY dags dags
COPY dbt dbt
COPY expectations expectations
COPY plugins plugins
# The files belong to root and are read alone: byte code has to be there before the user comes.
RUN python -m compileall -q plugins dags

ENV PYTHONPATH=/opt/huitou/plugins \
    PYTHONUNBUFFERED=1

USER huitou
CMD ["python", "-m", "huitou.cli", "--help"]
