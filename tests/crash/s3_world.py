# SPDX-License-Identifier: Apache-2.0
"""s3_world.py -- a world whose tables lie in a bucket of the server that run.sh started.

Files of the tests name `storage: ./lake`; here that becomes s3://<bucket>/lake, reached by a
connection of smelt.yml, and the state stays where it was.  The server keeps an object as a file,
so tables are read in its folder by whoever reads tables.
"""
import os
import shutil

from world import World, log_versions  # noqa: F401  what a test of both needs

ENDPOINT = os.environ["SM_S3_ENDPOINT"]
FOLDER = os.environ["SM_S3_FOLDER"]
os.environ["S3_SECRET"] = "smelt-secret"

PROJECT = f"""version: 1
name: crash
secrets:
  id: {{file: id.txt}}
  key: {{environment: S3_SECRET}}
connections:
  lake:
    type: s3
    endpoint: {ENDPOINT}
    path_style: true
    access_key_id: "${{secret.id}}"
    secret_access_key: "${{secret.key}}"
"""


def remote(text, bucket):
    return text.replace("storage: ./lake\n", f"storage: s3://{bucket}/lake\nstate: {{path: lake/.smelt}}\n")


class S3World(World):
    def __init__(self, folder, project=PROJECT):
        super().__init__(folder)
        self.bucket = os.path.basename(self.folder).replace("_", "-")
        self.bucket_folder = os.path.join(FOLDER, self.bucket)
        shutil.rmtree(self.bucket_folder, ignore_errors=True)
        os.makedirs(self.bucket_folder)
        self.write("smelt.yml", project)
        self.write("id.txt", "smelt\n")

    def write(self, name, text, age=None):
        super().write(name, remote(text, self.bucket) if name == "pipeline.yml" else text, age)

    def table_folders(self):
        found = {}
        for base, names, _ in os.walk(self.bucket_folder):
            if "_delta_log" in names:
                found[os.path.basename(base)] = base
        return found

    def state(self):
        """A control store for each pipeline."""
        return self.path("lake", ".smelt", "crash")

    def forget_machine(self):
        """Another machine, which has the project and nothing else."""
        shutil.rmtree(self.path("lake"))

    def forget_images(self):
        """This machine has no copies any more."""
        shutil.rmtree(os.path.join(self.state(), "images"), ignore_errors=True)

    def save(self, name):
        super().save(name)
        shutil.rmtree(self.folder + "." + name + ".bucket", ignore_errors=True)
        shutil.copytree(self.bucket_folder, self.folder + "." + name + ".bucket")

    def restore(self, name):
        super().restore(name)
        shutil.rmtree(self.bucket_folder)
        shutil.copytree(self.folder + "." + name + ".bucket", self.bucket_folder)
