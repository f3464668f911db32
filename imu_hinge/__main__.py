"""Run the command line as ``python -m imu_hinge``. It does nothing else."""

from imu_hinge.cli import main

if __name__ == "__main__":
    main()
